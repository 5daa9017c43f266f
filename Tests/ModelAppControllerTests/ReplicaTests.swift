import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Testing

/// Several operators at a time.
@Suite struct ReplicaTests {
    /// Slow enough that a machine under load renews a lease in time: the deadline is two and a half real seconds.
    private static let factor = 4

    private func withCluster(
        _ body: @Sendable (Cluster, inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    )
        async throws
    {
        try await Cluster.with(factor: Self.factor) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                try await body(cluster, &group)
            }
        }
    }

    @Test func theOtherReplicaTakesOverOnceTheLeaseOfAKilledOneRanOut() async throws {
        try await withCluster { cluster, group in
            let (first, second) = (try Replica("first", in: cluster), try Replica("second", in: cluster))
            group.addTask { try? await first.run() }
            try await cluster.eventually("the first leads") { cluster.leader == "first" }
            group.addTask { try? await second.run() }
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(first.elector?.isLeading == true && second.elector?.isLeading == false)

            let killed = cluster.time.now
            first.kill()
            try await cluster.eventually("the second leads") { cluster.leader == "second" }
            // L3, L5: not before the lease has run out: 15 s from the last renewal, which is at most 10 s old.
            #expect(cluster.time.now - killed >= .seconds(5))
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(cluster.releases().map(\.number) == [1, 2])
        }
    }

    @Test func aReplicaThatEndsInOrderGivesItsLeaseToTheNextAtOnce() async throws {
        try await withCluster { cluster, group in
            let (first, second) = (try Replica("first", in: cluster), try Replica("second", in: cluster))
            group.addTask { try await first.run() }
            try await cluster.eventually("the first leads") { cluster.leader == "first" }
            group.addTask { try? await second.run() }
            try await cluster.converges(code: "1", model: "1.0.0")

            await first.stop()
            // It ended without an error, and the lease was free by then.
            try await group.next()
            #expect(cluster.leader != "first")
            try await cluster.eventually("the second leads") { cluster.leader == "second" }
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            try await cluster.eventually("all three changes are told") {
                cluster.events(about: "Lease")
                    == ["Normal LeaderElected", "Normal LeaderStopped", "Normal LeaderElected"]
            }
        }
    }

    @Test func aReplicaWhoseLeaseIsTakenEndsWithAnErrorAndWritesNoMore() async throws {
        try await withCluster { cluster, group in
            let replica = try Replica("first", in: cluster)
            group.addTask { try await replica.run() }
            try await cluster.converges(code: "1", model: "1.0.0")
            try await cluster.client.patch(
                Lease.resource,
                Replica.lease,
                ["spec": ["holderIdentity": "thief"]],
                fieldManager: FieldManager("thief")
            )
            let error = await #expect(throws: LeaderElectionError.self) { try await group.next() }
            #expect(error?.code == .lost)
            #expect(cluster.leader == "thief")
            cluster.api.resetRequests()
            try await cluster.push("2")
            try await cluster.time.sleep(for: .seconds(5))
            #expect(cluster.api.requests.counts.isEmpty)
        }
    }

    @Test func aReplicaThatWaitsForItsTurnWritesNothingAndIsSynced() async throws {
        try await withCluster { cluster, group in
            var lease = Lease()
            lease.metadata = ObjectMeta(Replica.lease)
            lease.spec.holderIdentity = "somebody"
            lease.spec.leaseDurationSeconds = 3600
            try await cluster.client.create(lease, fieldManager: FieldManager("somebody"))
            cluster.api.resetRequests()
            let replica = try Replica("first", in: cluster)
            group.addTask { try? await replica.run() }
            try await cluster.eventually("it looks at the lease") {
                cluster.api.requests.count("get", "leases.coordination.k8s.io") >= 3
            }
            #expect(cluster.api.requests.count("watch", "modelapps.modelapp.dev") == 1)
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.live() == nil)
        }
    }

    @Test func withoutElectionNoLeaseIsTouched() async throws {
        try await withCluster { cluster, group in
            let replica = try Replica("first", in: cluster, elects: false)
            group.addTask { try? await replica.run() }
            try await cluster.converges(code: "1", model: "1.0.0")
            let leases = cluster.api.requests.counts.filter { $0.key.resource.hasPrefix("leases") }
            #expect(leases.isEmpty)
        }
    }

    @Test func twoLeadersAtOnceComeToTheSameEndAsOne() async throws {
        func tell(leaders: Int) async throws -> (live: Cluster.Live?, releases: [String], history: [String]) {
            try await Cluster.with { cluster in
                try await cluster.push("1")
                try cluster.uploadVersion("1.0.0")
                try await cluster.create()
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    for number in 1...leaders {
                        let replica = try Replica("leader-\(number)", in: cluster, elects: false, records: false)
                        group.addTask { try await replica.run() }
                    }
                    try await cluster.converges(code: "1", model: "1.0.0")
                    try cluster.uploadVersion("2.0.0")
                    try await cluster.converges(code: "1", model: "2.0.0")
                    try await cluster.push("2")
                    try await cluster.converges(code: "2", model: "2.0.0")
                    // At rest neither writes: they do not fight.
                    try await cluster.rests(for: 4 * leaders)
                    let version = cluster.api.resourceVersion
                    try await cluster.scans(10 * leaders)
                    #expect(cluster.api.resourceVersion == version)
                    let history = cluster.status()?.history ?? []
                    return (
                        cluster.live(), cluster.releases().map { "\($0.number) \($0.release.id)" },
                        history.map { "\($0.code) \($0.model) \($0.cause) \($0.result)" }
                    )
                }
            }
        }
        let one = try await tell(leaders: 1)
        let two = try await tell(leaders: 2)
        #expect(one.live == two.live)
        #expect(one.releases == two.releases && one.releases.count == 3)
        #expect(one.history == two.history)
    }
}
