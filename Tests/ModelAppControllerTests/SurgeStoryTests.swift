import DevCluster
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct SurgeStoryTests {
    @Test func aNodeThatIsFullGetsItsPodsReplacedOneByOne() async throws {
        try await Cluster.withConvergedApp(simulation: SimulationOptions(podCapacity: 2)) { cluster in
            try await cluster.push("2")
            try await cluster.eventually("it is said") {
                cluster.status()?.release?.target?.waitingFor == ["Capacity"]
                    && cluster.says("Reconciling", true, "Progressing", ["Unschedulable: 0/1 nodes are available"])
            }
            #expect(cluster.condition("Ready")?.isTrue == true)
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(cluster.status()?.quarantine == [])
            let strategy = cluster.object("app")?["spec"]?["strategy"]?["rollingUpdate"]
            #expect(strategy?["maxSurge"] == 0 && strategy?["maxUnavailable"] == 1)
            try await cluster.rests()
        }
    }

    @Test func aSecondSlotWithoutRoomIsSaidAndTakesNothing() async throws {
        let simulation = SimulationOptions(podCapacity: 3)
        try await Cluster.withSlots(["type": "BlueGreen"], simulation: simulation) { cluster, _ in
            try await cluster.push("2")
            try await cluster.eventuallyServed("it is said") {
                cluster.says("UpdateAvailable", true, "Unschedulable", ["1 of 2 pods are ready", "Too many pods"])
            }
            #expect(cluster.slot() == "a" && cluster.served().count == 2)
            #expect(cluster.status()?.release?.target?.waitingFor == ["Capacity"])
            #expect(cluster.status()?.quarantine == [])
        }
    }
}
