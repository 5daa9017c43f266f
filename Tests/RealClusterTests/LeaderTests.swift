import TestSupport
import Testing

/// Two operators that both act, as after a network that was cut between them and the Lease.
@Suite(
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
    .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason),
    .timeLimit(.minutes(3))
)
struct LeaderTests {
    @Test func twoLeadersAtOnceEndWhereOneWouldHaveAndDoNotFight() async throws {
        let prefix = "lead-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let upstreams = try await Upstreams(plane.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ReadyPods(client: plane.client, namespaces: prefix).run() }
                defer { group.cancelAll() }
                let one = try await Story(plane, upstreams, prefix + "-1").tell()
                let two = try await Story(plane, upstreams, prefix + "-2").tell(operators: 2) { relay in
                    // The one that lags behind may have a last word. A fight would never end.
                    try await eventually("neither writes for ten intervals", within: .seconds(45)) {
                        let writes = relay.writes
                        try await Task.sleep(for: .seconds(10))
                        return relay.writes == writes
                    }
                }
                #expect(two.endState == one.endState)
                print("one leader made \(one.writes) writes, two made \(two.writes)")
                // Each refused write is one that the other was faster with: no more than both could want.
                #expect(two.writes <= 3 * one.writes)
            }
        }
    }
}
