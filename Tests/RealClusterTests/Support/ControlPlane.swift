import AsyncHTTPTransport
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import TestSupport
import Testing

/// A real control plane, with an administrator's way to it.
struct ControlPlane: Sendable {
    /// The administrator's kubeconfig.
    let kubeconfig: String
    /// The administrator's client.
    let client: Client
    /// Connections of the tests' own, also to registries and stores.
    let pool: ClientPool
    /// Files of this test.
    let folder: TemporaryFolder

    /// The root of the repository.
    static let root = OwnControlPlane.root

    /// Lends the control plane that all tests share. Others are in it too: keep to namespaces of your own.
    static func withShared(_ body: @Sendable (ControlPlane) async throws -> Void) async throws {
        try await lend(kubeconfig: TestPeer.controlPlane.require(), body)
    }

    /// Lends a control plane that nobody else uses, for an operator that watches all namespaces, and for faults.
    static func withOwn(_ body: @Sendable (ControlPlane, OwnControlPlane) async throws -> Void) async throws {
        try await OwnControlPlane.with { own in
            try await lend(kubeconfig: own.kubeconfig) { try await body($0, own) }
        }
    }

    /// Lends the control plane of an administrator's kubeconfig.
    static func lend(
        kubeconfig: String,
        _ body: (ControlPlane) async throws -> Void
    ) async throws {
        let configuration = try await ClusterConfiguration.load(
            kubeconfig: kubeconfig,
            from: ConfigurationSources(environment: [:])
        )
        var settings = TransportSettings(trust: configuration.trust)
        settings.clientIdentity = configuration.clientIdentity
        settings.serverName = configuration.tlsServerName
        let pool = ClientPool()
        let result: Result<Void, any Error>
        do {
            let client = Client(
                transport: try pool.transport(settings),
                configuration: configuration,
                time: .system,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            try await body(
                ControlPlane(
                    kubeconfig: kubeconfig,
                    client: client,
                    pool: pool,
                    folder: TemporaryFolder()
                )
            )
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }

    // MARK: Programs

    /// What kubectl prints. Fails the test where kubectl does, unless it may.
    @discardableResult
    func kubectl(
        _ arguments: String...,
        input: String? = nil,
        mayFail: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await kubectl(arguments, input: input, mayFail: mayFail, sourceLocation: sourceLocation)
    }

    /// The same, with its arguments in a list.
    @discardableResult
    func kubectl(
        _ arguments: [String],
        input: String? = nil,
        mayFail: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let tool = try #require(Tool.find("kubectl"), "kubectl is not installed")
        let result = try await tool.run(arguments, environment: ["KUBECONFIG": kubeconfig], input: input)
        if result.status != 0, !mayFail {
            Issue.record(
                "kubectl \(arguments.joined(separator: " ")): \(result.output)",
                sourceLocation: sourceLocation
            )
        }
        return result.output
    }

    // MARK: The operator's rights

    /// The definition and the rights as they are shipped, applied as manifests/README.md says for an old server.
    ///
    /// The Deployment among them stays without pods that run: nothing here pulls its image.
    func installManifests() async throws {
        for _ in 0..<5 {
            let output = try await kubectl("apply", "--validate=false", "-k", Self.root + "/manifests", mayFail: true)
            // Tests beside each other apply the same; kubectl does not create or update in one step.
            guard output.contains("Error from server") else { break }
        }
        try await kubectl("wait", "--for=condition=Established", "crd/modelapps.modelapp.dev", "--timeout=30s")
    }

    /// Lets the operator read the Secrets of a namespace, as shipped.
    func grantSecrets(in namespace: String) async throws {
        try await kubectl("apply", "-n", namespace, "-k", Self.root + "/manifests/rbac/secrets")
    }

    /// Who the operator is: the account of manifests/operator.
    static let operatorAccount = "system:serviceaccount:modelapp-system:modelapp-operator"

    /// A token of the operator's account, from the API server.
    func operatorToken() async throws -> String {
        let path = "/api/v1/namespaces/modelapp-system/serviceaccounts/modelapp-operator/token"
        let request = try await client.post(
            path,
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": .object([:])]
        )
        return try #require(request["status"]?["token"]?.string)
    }

    /// A kubeconfig that holds the token, for a server at `url` with a certificate of `authority` (PEM).
    func operatorKubeconfig(
        _ name: String,
        url: String? = nil,
        authority: String? = nil,
        serverName: String? = nil
    ) async throws -> String {
        var trusted = Array((authority ?? "").utf8)
        if authority == nil, case .roots(let pem) = client.configuration.trust { trusted = pem }
        let text = Self.kubeconfigText(
            url: url ?? client.configuration.server.origin,
            authority: trusted,
            serverName: serverName,
            token: try await operatorToken()
        )
        let name = name + ".kubeconfig"
        try folder.write(text, to: name)
        return folder.path + "/" + name
    }

    /// A kubeconfig with one server, whose certificate is of `authority` (PEM), and one token.
    static func kubeconfigText(url: String, authority: [UInt8], serverName: String? = nil, token: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: c
          cluster:
            server: \(url)
            certificate-authority-data: \(Data(authority).base64EncodedString())
            \(serverName.map { "tls-server-name: \($0)" } ?? "")
        users: [{name: u, user: {token: "\(token)"}}]
        contexts: [{name: x, context: {cluster: c, user: u}}]
        current-context: x
        """
    }
}

/// Waits for what other processes bring about.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    about: () async throws -> String = { "" },
    _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else {
            throw NotReached(description: "not within \(limit): \(what); \(try await about())")
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Something that should have come about did not.
struct NotReached: Error, CustomStringConvertible {
    let description: String
}
