import TestSupport
import Testing

/// "Crash anywhere": the operator dies at a write, is started again as a kubelet would, and everything ends as if it
/// had not.
@Suite(.timeLimit(.minutes(10)))
struct KillTests {
    private static let run = String(UInt32.random(in: .min ... .max), radix: 36)

    /// The first twelve writes on a real control plane.
    @Test(
        .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
        .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
        .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason)
    )
    func killedAtAnyWriteTheOperatorEndsWhereItWouldHave() async throws {
        let prefix = "kill-\(Self.run)"
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let upstreams = try await Upstreams(plane.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ReadyPods(client: plane.client, namespaces: prefix).run() }
                defer { group.cancelAll() }
                try await StrikeSeries(plane: plane, upstreams: upstreams, prefix: prefix, strikes: 12, least: 12)
                    .tell()
            }
        }
    }

    /// Every write, on the embedded API server.
    @Test func killedAtEveryWriteOnTheEmbeddedServerItEndsWhereItWouldHave() async throws {
        try await ControlPlane.withEmbedded { plane, upstreams in
            try await StrikeSeries(plane: plane, upstreams: upstreams, prefix: "kill", strikes: nil, least: 12).tell()
        }
    }
}
