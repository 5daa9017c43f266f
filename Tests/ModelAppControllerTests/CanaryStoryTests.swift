import DevCluster
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct CanaryStoryTests {
    private static let checks: JSONValue = [
        ["name": "version", "http": ["port": 8080, "path": "/version", "expect": ["status": 200]]]
    ]
    private static let strategy: JSONValue = [
        "type": "Canary", "steps": [25, 50], "pause": "20s", "scaleDownDelay": "20s",
    ]

    @Test func itsShareGrowsUntilItHasAllAndTheOneBeforeGoes() async throws {
        try await Cluster.withSlots(Self.strategy, checks: Self.checks, replicas: 4) { cluster, app in
            #expect(cluster.slot() == "a")
            try await cluster.push("2")
            var spreads: [String] = []
            try await cluster.eventuallyServed("code 2 has all of it", within: .seconds(30)) {
                let pods = cluster.served()
                let count = pods.count { $0["metadata"]?["labels"]?[Keys.slot] == "b" }
                let spread = "\(pods.count - count)+\(count)"
                if spreads.last != spread { spreads.append(spread) }
                return cluster.isConverged(on: "app-b", code: "2", model: "1.0.0") && cluster.object("app") == nil
            }
            #expect(cluster.slot() == "b")
            #expect(spreads.prefix(2) == ["4+0", "4+1"] && spreads.last == "0+4", "\(spreads)")
            #expect(spreads.contains("4+2"), "\(spreads)")
            #expect(app.requests.count == 4, "once for the first release, and on each step of the second")
            try await cluster.rests()
            cluster.api.resetRequests()
            try await cluster.scans(3)
            #expect(cluster.api.requests.counts.isEmpty, "\(cluster.api.requests.counts)")
        }
    }

    @Test func whatFailsUnderTrafficGoesAndNewBytesLiftIt() async throws {
        try await Cluster.withSlots(Self.strategy, checks: Self.checks, replicas: 4) { cluster, app in
            let live = cluster.live()
            try await cluster.push("2")
            try await cluster.eventuallyServed("a share of the traffic goes to code 2") {
                cluster.served().contains { $0["metadata"]?["labels"]?[Keys.slot] == "b" }
            }
            app.refuses()
            try await cluster.eventuallyServed("it is taken away") {
                cluster.status()?.quarantine.map(\.version) == ["2"] && cluster.object("app-b") == nil
            }
            #expect(cluster.slot() == "a" && cluster.live() == live)
            #expect(cluster.condition("Ready")?.reason == "Converged")
            app.refuses(false)
            try await cluster.push("3")
            try await cluster.eventuallyServed("code 3 runs", within: .seconds(30)) {
                cluster.isConverged(on: "app-b", code: "3", model: "1.0.0")
            }
        }
    }

    @Test func aCrashLoopNeverGetsTraffic() async throws {
        let bad = try await Cluster.with { try await $0.push("2") }
        let simulation = SimulationOptions(crashingImages: [bad])
        try await Cluster.withSlots(Self.strategy, simulation: simulation) { cluster, _ in
            try await cluster.push("2")
            try await cluster.eventuallyServed("it is quarantined") {
                cluster.status()?.quarantine.map(\.version) == ["2"] && cluster.object("app-b") == nil
            }
            #expect(cluster.slot() == "a" && cluster.live()?.tag == "1")
        }
    }

    @Test func anImageThatCannotBePulledIsWaitedForAndBlamesNobody() async throws {
        let bad = try await Cluster.with { try await $0.push("2") }
        let simulation = SimulationOptions(missingImages: [bad])
        try await Cluster.withSlots(Self.strategy, simulation: simulation) { cluster, _ in
            try await cluster.push("2")
            try await cluster.eventuallyServed("it is said") {
                cluster.status()?.release?.target?.message?.contains("ImagePullBackOff") == true
            }
            #expect(cluster.slot() == "a" && cluster.status()?.quarantine == [])
        }
    }

    @Test func aRollbackByHandTakesTheCanaryAway() async throws {
        try await Cluster.withSlots(Self.strategy, checks: Self.checks, replicas: 4) { cluster, _ in
            try await cluster.push("2")
            try await cluster.eventuallyServed("code 2 runs", within: .seconds(30)) {
                cluster.isConverged(on: "app-b", code: "2", model: "1.0.0")
            }
            try await cluster.push("3")
            try await cluster.eventuallyServed("a share goes to code 3") {
                cluster.live()?.tag == "3" && cluster.served().contains { $0["metadata"]?["labels"]?[Keys.slot] == "a" }
            }
            let releases = cluster.releases()
            let one = try #require(releases.first { $0.release.code.tag == "1" })
            let two = try #require(releases.first { $0.release.code.tag == "2" })
            try await cluster.annotate(Keys.rollback, "\(two.release.id) \(one.release.id)")
            try await cluster.eventuallyServed("code 1 runs again") {
                cluster.condition("Ready")?.reason == "RolledBack" && cluster.live()?.tag == "1"
                    && cluster.slot() == "a"
            }
        }
    }
}
