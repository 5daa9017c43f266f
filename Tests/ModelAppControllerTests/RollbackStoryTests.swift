import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct RollbackStoryTests {
    @Test func codeThatCrashesIsUndoneAndTheNextModelShipsWithoutIt() async throws {
        // The same push gives the same digest in every cluster.
        let bad = try await Cluster.with { try await $0.push("2") }
        let simulation = SimulationOptions(crashingImages: [bad])
        try await Cluster.withConvergedApp(simulation: simulation) { cluster in
            let good = try #require(cluster.live())
            try await cluster.editSeen(spec: ["rollout": ["progressDeadline": "30s"]])
            try await cluster.push("2")
            try await cluster.eventually("it is put back") {
                cluster.condition("Ready")?.reason == "RolledBack" && cluster.condition("Ready")?.isTrue == true
            }
            #expect(cluster.live() == good)
            let status = try #require(cluster.status())
            #expect(status.quarantine.map { "\($0.half) \($0.version) \($0.reason)" } == ["code 2 CrashLoopBackOff"])
            #expect(status.condition("UpdateAvailable")?.reason == "Quarantined")
            let releases = cluster.releases().count

            try cluster.uploadVersion("2.0.0")
            try await cluster.converges(code: "1", model: "2.0.0")
            try await cluster.push("3")
            try await cluster.converges(code: "3", model: "2.0.0")
            #expect(cluster.status()?.quarantine.map(\.version) == ["2"])
            #expect(cluster.releases().count == releases + 2)
        }
    }

    @Test func anImageThatCannotBePulledBlamesNobody() async throws {
        let missing = try await Cluster.with { try await $0.push("2") }
        try await Cluster.withConvergedApp(simulation: SimulationOptions(missingImages: [missing])) { cluster in
            try await cluster.editSeen(spec: ["rollout": ["progressDeadline": "30s"]])
            try await cluster.push("2")
            try await cluster.eventually("it stands still") { cluster.condition("Ready")?.reason == "Degraded" }
            let message = try #require(cluster.condition("Ready")?.message)
            #expect(message.contains("ErrImagePull") || message.contains("ImagePullBackOff"), "\(message)")
            #expect(cluster.live()?.tag == "2")
            #expect(cluster.status()?.quarantine == [])
            try await cluster.push("3")
            try await cluster.converges(code: "3", model: "1.0.0")
        }
    }
}
