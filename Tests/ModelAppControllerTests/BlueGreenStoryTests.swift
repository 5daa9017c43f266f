import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct BlueGreenStoryTests {
    private static let checks: JSONValue = [
        ["name": "version", "http": ["port": 8080, "path": "/version", "expect": ["status": 200]]]
    ]
    private static let strategy: JSONValue = ["type": "BlueGreen", "scaleDownDelay": "1m"]
    private static let bad: JSONValue = [
        ["name": "version", "http": ["port": 8080, "path": "/nowhere", "expect": ["status": 200]]]
    ]

    @Test func aReleaseGoesOverAndBackAndTheOneBeforeGoesInTheEnd() async throws {
        try await Cluster.withSlots(Self.strategy, checks: Self.checks) { cluster, app in
            #expect(cluster.slot() == "a" && cluster.object("app-b") == nil)
            try await cluster.push("2")
            try await cluster.eventuallyServed("code 2 runs in the second slot") {
                cluster.isConverged(on: "app-b", code: "2", model: "1.0.0")
            }
            #expect(cluster.slot() == "b" && cluster.live()?.tag == "1")
            #expect(app.requests.allSatisfy { $0 == "GET /version" } && app.requests.count == 2)
            let releases = cluster.releases()
            let request = "\(releases[1].release.id) \(releases[0].release.id)"
            try await cluster.annotate(Keys.rollback, request)
            try await cluster.eventuallyServed("it is put back") { cluster.condition("Ready")?.reason == "RolledBack" }
            #expect(cluster.slot() == "a" && cluster.live("app-b")?.tag == "2")
            try await cluster.annotate(Keys.rollback, nil)
            try await cluster.eventuallyServed("it goes on") {
                cluster.isConverged(on: "app-b", code: "2", model: "1.0.0") && cluster.slot() == "b"
            }
            try await cluster.eventuallyServed("the one before goes") { cluster.object("app") == nil }
            try await cluster.rests()
            cluster.api.resetRequests()
            try await cluster.scans(3)
            #expect(cluster.api.requests.counts.isEmpty, "\(cluster.api.requests.counts)")
        }
    }

    @Test func aFailedCheckLeavesWhatRunsAndNewBytesLiftIt() async throws {
        try await Cluster.withSlots(Self.strategy, checks: Self.checks) { cluster, app in
            try await cluster.editSeen(spec: ["rollout": ["verify": Self.bad]])
            let (live, service) = (cluster.live(), cluster.api.object(Service.resource, Cluster.key()))
            try await cluster.push("2")
            try await cluster.eventuallyServed("it is quarantined") {
                cluster.status()?.quarantine.map(\.version) == ["2"] && cluster.object("app-b") == nil
            }
            #expect(cluster.live() == live && cluster.condition("Ready")?.reason == "Converged")
            #expect(cluster.api.object(Service.resource, Cluster.key())?["spec"] == service?["spec"])
            try await cluster.editSeen(spec: ["rollout": ["verify": Self.checks]])
            try await cluster.push("3")
            try await cluster.eventuallyServed("code 3 runs") {
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
            #expect(cluster.condition("Ready")?.reason == "Converged")
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
            try await cluster.push("3")
            try await cluster.eventuallyServed("code 3 runs") {
                cluster.isConverged(on: "app-b", code: "3", model: "1.0.0")
            }
        }
    }

    @Test func whoScaledTheRunningOneGetsAsManyOfTheNext() async throws {
        try await Cluster.withSlots(Self.strategy) { cluster, _ in
            let scale: JSONValue = ["spec": ["replicas": 3]]
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key(),
                scale,
                fieldManager: FieldManager("kubectl-scale")
            )
            try await cluster.push("2")
            try await cluster.eventuallyServed("code 2 runs") {
                cluster.isConverged(on: "app-b", code: "2", model: "1.0.0")
            }
            #expect(cluster.object("app-b")?["spec"]?["replicas"] == 3)
        }
    }

    @Test func anotherModelAppsDeploymentIsNotTouched() async throws {
        try await Cluster.withSlots(Self.strategy) { cluster, _ in
            try await cluster.create("app-b")
            try await cluster.converges("app-b", code: "1", model: "1.0.0")
            let other = cluster.object("app-b")?["spec"]
            try await cluster.push("2")
            try await cluster.converges("app-b", code: "2", model: "1.0.0")
            try await cluster.eventually("it is said") {
                cluster.says("Stalled", true, "NameTaken", ["Deployment app-b exists"])
            }
            #expect(cluster.slot() == "a" && cluster.live()?.tag == "1")
            #expect(cluster.object("app-b")?["spec"]?["selector"] == other?["selector"])
        }
    }
}
