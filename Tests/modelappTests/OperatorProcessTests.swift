import AsyncHTTPTransport
import DevCluster
import Foundation
import Glibc
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import ModelAppAPI
import Testing

@testable import modelapp

/// The program itself, as the kubelet runs it: several replicas, signals, probes, metrics, log lines.
@Suite(.timeLimit(.minutes(2)), .serialized) struct OperatorProcessTests {
    @Test func replicasTakeTurnsWhenTheLeaderIsKilledAndWhenItIsAskedToEnd() async throws {
        try await withAPIServer { cluster in
            let first = try OperatorChild(cluster, "first")
            defer { first.kill() }
            try await eventually("the first leads") { try cluster.isLed(by: first) }
            let second = try OperatorChild(cluster, "second")
            defer { second.kill() }
            try await eventually("the second is ready") { try await second.get("health", "/readyz")?.status == 200 }
            try await eventually("its figure says so") { try await first.leads() }
            #expect(try await !second.leads())

            // SIGKILL: only the end of the lease shows it.
            first.kill()
            try await eventually("the second leads") { try cluster.isLed(by: second) }
            try await eventually("its figure says so") { try await second.leads() }

            let third = try OperatorChild(cluster, "third")
            defer { third.kill() }
            try await eventually("the third is ready") { try await third.get("health", "/readyz")?.status == 200 }
            // SIGTERM: the lease is given up, long before it would run out.
            let start = ContinuousClock.now
            second.terminate()
            #expect(second.waitForExit() == 0)
            #expect(ContinuousClock.now - start < .seconds(10))
            try await eventually("the third leads") { try cluster.isLed(by: third) }
            let lines = try second.log()
            #expect(lines.contains { $0["msg"] == "became leader" })
            #expect(lines.contains { $0["msg"] == "gave up the lease" && $0["released"] == "true" })
            #expect(lines.last?["msg"] == "stopped")
            let lease = try #require(cluster.api.object(Lease.resource, cluster.lease)?["spec"])
            #expect(lease["leaseTransitions"]?.integer == 2)
        }
    }

    @Test func aLostLeaseEndsTheProcessWithAnError() async throws {
        try await withAPIServer { cluster in
            let child = try OperatorChild(cluster, "only")
            defer { child.kill() }
            try await eventually("it leads") { try cluster.isLed(by: child) }
            try await cluster.client.patch(
                Lease.resource,
                cluster.lease,
                ["spec": ["holderIdentity": "thief"]],
                fieldManager: FieldManager("thief")
            )
            #expect(child.waitForExit() == 1)
            let last = try #require(try child.log().last)
            #expect(last["level"] == "error" && last["error"]?.string?.contains("thief holds it") == true, "\(last)")
            #expect(cluster.leader == "thief")
        }
    }

    @Test func probesAndMetricsAnswerAndNameWhatTheyAreAbout() async throws {
        try await withAPIServer { cluster in
            let child = try OperatorChild(cluster, "only")
            defer { child.kill() }
            try await eventually("it is ready") { try await child.get("health", "/readyz")?.status == 200 }
            let ready = try #require(try await child.get("health", "/readyz?verbose")).text
            for kind in ["modelapps.modelapp.dev", "deployments.apps", "services", "controllerrevisions.apps"] {
                #expect(ready.contains("[+]informer-\(kind) ok\n"))
            }
            let live = try #require(try await child.get("health", "/livez?verbose")).text
            #expect(live == "[+]ping ok\n[+]leader-election ok\nlivez check passed\n")
            let metrics = try #require(try await child.get("metrics", "/metrics")).text
            #expect(metrics.contains("\nmodelapp_build_info{version=\"\(Version.text)\"} 1\n"))
            #expect(metrics.contains("\nreflector_watches_total{name=\"modelapps\"} 1\n"))
            child.terminate()
            #expect(child.waitForExit() == 0)
        }
    }

    @Test func withoutANamespaceForTheLeaseItSaysWhatToPass() async throws {
        try await withAPIServer { cluster in
            let child = try OperatorChild(cluster, "only", namespace: nil)
            defer { child.kill() }
            #expect(child.waitForExit() == 64)
            #expect(try child.output().contains("--leader-elect-resource-namespace"))
            #expect(cluster.leader == nil)
        }
    }
}

/// Waits for what another process brings about.
private func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while !(try await holds()) {
        guard ContinuousClock.now < deadline else { throw NotReached(description: "not within 30 s: \(what)") }
        try await Task.sleep(for: .milliseconds(50))
    }
}

private struct NotReached: Error, CustomStringConvertible {
    let description: String
}

/// An API server on loopback, with its kubeconfig in a file.
private struct ServedCluster: Sendable {
    let api: DevAPIServer
    let folder: URL
    let client: Client
    let lease = ObjectKey(namespace: "default", name: "modelapp-operator")

    var kubeconfig: String { folder.appendingPathComponent("kubeconfig").path }
    var leader: String? { api.object(Lease.resource, lease)?["spec"]?["holderIdentity"]?.string }
}

private func withAPIServer(_ body: @Sendable (ServedCluster) async throws -> Void) async throws {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let time = TimeSource.system
    let api = DevAPIServer(.init(tokens: ["t": APIServerUser(name: "op", groups: ["system:masters"])]), time: time)
    let certificate = try DevelopmentCertificate(now: time.date())
    let server = LoopbackServer(api, certificate: certificate, logger: quiet)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("operator-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let client = Client(
        transport: InProcessTransport(to: api),
        configuration: ClusterConfiguration(
            server: HTTPURL(scheme: "https", host: "127.0.0.1"),
            credential: BearerToken("t")
        ),
        time: time,
        logger: quiet
    )
    let definition = APIResource(
        group: "apiextensions.k8s.io",
        version: "v1",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        isNamespaced: false
    )
    let name = ObjectKey(name: "modelapps.modelapp.dev")
    try await client.apply(
        ApplyStep(definition, name, ModelAppDefinition.document),
        fieldManager: FieldManager("kubectl")
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await server.run() }
        let authority = Data(certificate.authorityPEM.utf8).base64EncodedString()
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "dev",
            "clusters": [
                [
                    "name": "dev",
                    "cluster": [
                        "server": .string(try await server.url().origin),
                        "certificate-authority-data": .string(authority),
                    ],
                ]
            ],
            "users": [["name": "dev", "user": ["token": "t"]]],
            "contexts": [["name": "dev", "context": ["cluster": "dev", "user": "dev"]]],
        ]
        let cluster = ServedCluster(api: api, folder: folder, client: client)
        try document.canonicalText.write(toFile: cluster.kubeconfig, atomically: true, encoding: .utf8)
        try await body(cluster)
    }
}

/// `modelapp operator` as a process, with a lease of six seconds: a leader ends where it cannot renew for five, and a busy
/// machine may well stop one for two.
private final class OperatorChild: Sendable {
    struct Answer {
        var status: Int
        var text: String
    }

    private let process: Process
    private let logFile: URL

    init(_ cluster: ServedCluster, _ name: String, namespace: String? = "default") throws {
        logFile = cluster.folder.appendingPathComponent("\(name).log")
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
        process = Process()
        // The test bundle lies beside the program.
        process.executableURL = URL(fileURLWithPath: ChildProcess.ownPath).deletingLastPathComponent()
            .appendingPathComponent("modelapp")
        process.arguments =
            [
                "operator", "--kubeconfig", cluster.kubeconfig, "--leader-elect", "--log-format", "json",
                "--health-address", "127.0.0.1:0", "--metrics-address", "127.0.0.1:0",
                "--leader-elect-lease-duration", "6s", "--leader-elect-renew-deadline", "5s",
                "--leader-elect-retry-period", "300ms",
            ] + (namespace.map { ["--leader-elect-resource-namespace", $0] } ?? [])
        process.environment = [:]
        process.standardError = try FileHandle(forWritingTo: logFile)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    func terminate() { process.terminate() }

    func kill() {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    func waitForExit() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    func output() throws -> String { String(decoding: try Data(contentsOf: logFile), as: UTF8.self) }

    /// The whole lines of the log; throws where one is not JSON.
    func log() throws -> [JSONValue] {
        let text = try output()
        let whole = text.prefix(upTo: text.lastIndex(of: "\n").map { text.index(after: $0) } ?? text.startIndex)
        return try whole.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    func identity() throws -> String? { try log().first { $0["msg"] == "starting" }?["identity"]?.string }

    /// Whether its own figure says that it leads.
    func leads() async throws -> Bool {
        let text = try await get("metrics", "/metrics")?.text ?? ""
        return text.contains("\nleader_election_master_status{name=\"modelapp-operator\"} 1\n")
    }

    /// The answer to a request to one of its servers; nil before it listens.
    func get(_ server: String, _ path: String) async throws -> Answer? {
        let line = try log().first { $0["msg"] == "listening" && $0["option"]?.string == "--\(server)-address" }
        guard let port = line?["port"]?.string, let url = HTTPURL("http://127.0.0.1:\(port)\(path)") else { return nil }
        return try await ClientPool.with { pool in
            try await pool.transport().withResponse(to: url.request(.get), body: nil, timeouts: .call) { head, chunks in
                Answer(
                    status: head.status.code,
                    text: String(decoding: try await chunks.collect(upTo: 1 << 20), as: UTF8.self)
                )
            }
        }
    }
}

extension ServedCluster {
    /// Whether the process is up and holds the lease.
    fileprivate func isLed(by child: OperatorChild) throws -> Bool {
        guard let identity = try child.identity() else { return false }
        return leader == identity
    }
}
