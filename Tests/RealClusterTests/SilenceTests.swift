import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import TestSupport
import Testing

/// What silence does: nothing, where nothing happens; and where the network has died, it is noticed.
@Suite(
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .timeLimit(.minutes(3))
)
struct SilenceTests {
    @Test(
        .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
        .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason)
    )
    func tenQuietSecondsCauseNoRequestAndLoseNothing() async throws {
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let app = try await makeApp(plane, "quiet", Upstreams(plane.pool))
            try await plane.withRelay(app.namespace) { relay, kubeconfig in
                let process = try start(plane, app, kubeconfig)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await ReadyPods(client: plane.client, namespaces: app.namespace).run() }
                    defer { group.cancelAll() }
                    try await app.converges(code: "1", model: "1.0.0")
                    // The last status may still be on its way back to the operator.
                    try await eventually("the operator rests") {
                        relay.forget()
                        try await Task.sleep(for: .seconds(1))
                        return relay.requests.isEmpty
                    }
                    try await Task.sleep(for: .seconds(10))
                    #expect(relay.requests == [])
                    let took = try await suspend(app)
                    #expect(took < .seconds(5), "it took \(took) to notice a change after the silence")
                }
                #expect(try await process.stop() == 0)
            }
            try await plane.removeNamespace(app.namespace)
        }
    }

    @Test(.enabled(if: CutOff.missing == nil || Tool.isCI, "\(CutOff.missing ?? "")"))
    func connectionsWhosePacketsAreDroppedAreNoticedWithin45Seconds() async throws {
        try #require(CutOff.missing == nil, "\(CutOff.missing ?? "")")
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let app = try await makeApp(plane, "cut", nil)
            let server = plane.client.configuration.server
            try await CutOff.with(port: try #require(server.port), folder: plane.folder) { cut in
                let kubeconfig = try await plane.operatorKubeconfig(
                    app.namespace,
                    url: "https://\(cut.gateway):\(server.port ?? 443)",
                    // The certificate does not know the address.
                    serverName: "localhost"
                )
                let process = try start(plane, app, kubeconfig, wrapper: cut.wrapper)
                try await eventually("the operator has looked at the app", about: { process.log }) {
                    try await app.status()?.condition("Ready") != nil
                }
                #expect(try await suspend(app, false) < .seconds(10))
                #expect(try await cut.dropConnections() > 0)
                let took = try await suspend(app)
                print("dropped packets were noticed and caught up with after \(took)")
                #expect(took < .seconds(45))
                #expect(took > .seconds(5), "the packets were not dropped: the change came through after \(took)")
                process.kill()
            }
            try await plane.removeNamespace(app.namespace)
        }
    }

    private func makeApp(_ plane: ControlPlane, _ name: String, _ upstreams: Upstreams?) async throws -> App {
        let namespace = "\(name)-" + String(UInt32.random(in: .min ... .max), radix: 36)
        let app = App(plane: plane, upstreams: upstreams ?? .nowhere, namespace: namespace)
        if let upstreams {
            try await upstreams.push("1", to: app.repository)
            try await upstreams.uploadVersion("1.0.0", below: app.prefix)
        }
        try await app.create(interval: "1h")
        return app
    }

    private func start(
        _ plane: ControlPlane,
        _ app: App,
        _ kubeconfig: String,
        wrapper: [String] = []
    ) throws -> ChildProcess {
        try .modelappOperator(
            kubeconfig: kubeconfig,
            ["--namespace", app.namespace, "--allow-endpoint", "127.0.0.1"],
            log: "\(plane.folder.path)/\(app.namespace).log",
            wrapper: wrapper
        )
    }

    /// Suspends the app, or resumes it, and says how long it took the operator to say so in the status.
    private func suspend(_ app: App, _ isSuspended: Bool = true) async throws -> Duration {
        let start = ContinuousClock.now
        let spec: JSONValue = ["spec": ["suspend": .bool(isSuspended)]]
        try await app.plane.client.patch(ModelApp.resource, app.key, spec, fieldManager: FieldManager("kubectl-edit"))
        try await eventually("suspend: \(isSuspended) is in the status", within: .seconds(90)) {
            guard let reason = try await app.status()?.condition("Ready")?.reason else { return false }
            return (reason == "Suspended") == isSuspended
        }
        return ContinuousClock.now - start
    }
}
