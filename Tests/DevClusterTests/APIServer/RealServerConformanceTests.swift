import AsyncHTTPTransport
import Foundation
import HTTPTransport
import JSON
import KubernetesClient
import TestSupport
import Testing

/// What keeps the embedded API server honest: the rules it is tested by, against the program it stands for.
@Suite(
    "A real API server follows the same rules",
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .timeLimit(.minutes(3))
)
struct RealServerConformanceTests {
    /// Makes the names of this run its own, on a control plane that outlives it.
    private static let run = String(UInt32.random(in: .min ... .max), radix: 36)

    @Test(arguments: APIServerCase.all + APIServerCase.garbageCollection)
    func realServer(_ rule: APIServerCase) async throws {
        try await withServer(TestPeer.controlPlane.require()) { try await check(rule, $0) }
    }

    @Test(.enabled(if: TestPeer.ownControlPlane.isExpected, TestPeer.ownControlPlane.reason))
    func realServerThatForgets() async throws {
        try await OwnControlPlane.with { plane in
            let disturbance = ServerDisturbance {
                try await plane.compact()
            } restart: {
                try await plane.envtest("restart", "kube-apiserver")
            }
            for rule in APIServerCase.disturbances {
                // A client of its own for each: a restart leaves dead connections in the last one's.
                try await withServer(plane.kubeconfig, disturbance) { server in
                    do {
                        try await check(rule, server)
                    } catch {
                        Issue.record("\(rule): \(error)")
                    }
                }
            }
        }
    }

    private func check(_ rule: APIServerCase, _ server: APIServerUnderTest) async throws {
        let version = try await APISession(server, label: "version").get("/version")
        // Some vendors write "28+".
        let minor = try #require(version.json["minor"]?.string, "\(version.text)").prefix { $0.isNumber }
        let isOld = try #require(Int(minor)) < 25
        if isOld ? rule.holdsOn1_20 : rule.holdsOnCurrent { try await rule.run(server) }
    }

    private func withServer(
        _ kubeconfig: String,
        _ disturbance: ServerDisturbance = .none,
        _ body: (APIServerUnderTest) async throws -> Void
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
            try await body(
                APIServerUnderTest(
                    transport: try pool.transport(settings),
                    server: configuration.server,
                    authorization: try await configuration.credential.authorization(),
                    run: Self.run,
                    disturbance: disturbance
                )
            )
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }
}
