import DevCluster
import Foundation
import HTTPTransport
import JSON
import Logging
import TestSupport
import Testing

/// The kubectl programs that the suites run: the one on the PATH (Debian's is 1.20) and a newer one that
/// `scripts/test` names.
enum Kubectl {
    static let programs: [String] = {
        let named = ProcessInfo.processInfo.environment["MODELAPP_TEST_KUBECTL"]
            .flatMap { $0.isEmpty ? nil : $0 }
        let found = [Tool.find("kubectl")?.path, named].compactMap { $0 }
        // In CI the suites run in any case, and fail without the program.
        return found.isEmpty && Tool.isCI ? ["/usr/bin/kubectl"] : found
    }()
}

/// An embedded API server with its controllers, served over TLS, and a kubectl that talks to it.
struct KubectlCluster: Sendable {
    let program: Tool
    let folder: TemporaryFolder
    /// A user that may read and nothing else, by another context of the kubeconfig.
    static let reader = "reader"

    /// Runs `body` against a server of its own. Pods start and end within a tenth of a second.
    static func run(
        _ program: String,
        profile: APIServerProfile = .current,
        _ body: @escaping @Sendable (KubectlCluster) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        let server = DevAPIServer(
            .init(
                profile: profile,
                tokens: [
                    "admin-token": APIServerUser(name: "admin", groups: ["system:masters"]),
                    "reader-token": APIServerUser(name: reader, access: .readOnly),
                ]
            ),
            time: .system
        )
        let cluster = KubectlCluster(program: Tool(path: program), folder: folder)
        try await withServer(server, certificate: certificate) { url in
            try cluster.writeKubeconfig(server: url.origin, authority: certificate.authorityPEM)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await SimulatedControllers(
                        server,
                        options: SimulationOptions(podStart: .milliseconds(50), podStop: .milliseconds(50))
                    ).run()
                }
                try await body(cluster)
                group.cancelAll()
            }
        }
    }

    private func writeKubeconfig(server: String, authority: String) throws {
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "admin",
            "clusters": [
                [
                    "name": "dev",
                    "cluster": [
                        "server": .string(server),
                        "certificate-authority-data": .string(Data(authority.utf8).base64EncodedString()),
                    ],
                ]
            ],
            "users": [
                ["name": "admin", "user": ["token": "admin-token"]],
                ["name": .string(Self.reader), "user": ["token": "reader-token"]],
            ],
            "contexts": [
                ["name": "admin", "context": ["cluster": "dev", "user": "admin"]],
                ["name": .string(Self.reader), "context": ["cluster": "dev", "user": .string(Self.reader)]],
            ],
        ]
        try folder.write(document.canonicalText, to: "kubeconfig")
    }

    private var environment: [String: String] {
        // A cache of its own: what one server taught kubectl is wrong about the next.
        ["KUBECONFIG": folder.path + "/kubeconfig", "HOME": folder.path, "KUBECACHEDIR": folder.path + "/cache"]
    }

    /// Runs kubectl, whatever comes of it.
    func run(_ arguments: String..., environment more: [String: String] = [:]) async throws -> Tool.Result {
        try await program.run(arguments, environment: environment.merging(more) { $1 })
    }

    /// Runs kubectl, which must succeed, and returns what it printed.
    @discardableResult
    func callAsFunction(
        _ arguments: String...,
        environment more: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await program.succeed(
            arguments,
            environment: environment.merging(more) { $1 },
            sourceLocation: sourceLocation
        )
    }

    /// An object as `kubectl get -o json` prints it.
    func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSONValue {
        let text = try await program.succeed(
            arguments + ["-o", "json"],
            environment: environment,
            sourceLocation: sourceLocation
        )
        return try JSONValue(parsing: text)
    }

    /// Writes a file for `-f` and returns its path.
    func file(_ text: String, _ name: String = "object.yaml") throws -> String {
        try folder.write(text, to: name)
        return folder.path + "/" + name
    }

    /// Asks until `isDone` holds, for ten seconds at most.
    func eventually(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ isDone: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try await !isDone() {
            guard ContinuousClock.now < deadline else {
                Issue.record("after 10 s: \(what)", sourceLocation: sourceLocation)
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The repository's folder.
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}
