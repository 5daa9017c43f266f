import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct WindowStoryTests {
    @Test func aPairWaitsThroughABlackoutAndIsReleasedByItsIdOrByTheEnd() async throws {
        try await Cluster.withConvergedApp { cluster in
            let today = cluster.time.date()
            let days: [JSONValue] = [today, today + .seconds(2 * 86_400)].map { .string(String($0.rfc3339.prefix(10))) }
            let freeze: JSONValue = ["name": "freeze", "from": days[0], "to": days[1]]
            try await cluster.editSeen(spec: ["rollout": ["blackouts": [freeze]]])
            try await cluster.push("2")
            try await cluster.eventually("it waits") {
                cluster.condition("UpdateAvailable")?.reason == "WaitingForBlackout"
            }
            try cluster.uploadVersion("2.0.0")
            try await cluster.eventually("the pair that waits is the newest") {
                let target = cluster.status()?.release?.target
                return target?.code.tag == "2" && target?.model.version == "2.0.0" && target?.phase == .waiting
            }
            #expect(cluster.live()?.tag == "1")
            #expect(cluster.condition("Ready")?.isTrue == true)
            #expect(cluster.releases().count == 1)

            let id = try #require(cluster.status()?.release?.target?.id)
            let annotation: JSONValue = ["metadata": ["annotations": [Keys.releaseNow: .string(id)]]]
            let manager = FieldManager("kubectl-annotate")
            try await cluster.client.patch(ModelApp.resource, Cluster.key(), annotation, fieldManager: manager)
            try await cluster.converges(code: "2", model: "2.0.0")
            #expect(cluster.live()?.release == id)

            try await cluster.push("3")
            try await cluster.eventually("the next waits again") {
                cluster.status()?.release?.target?.code.tag == "3"
            }
            #expect(cluster.live()?.tag == "2")
            try await cluster.edit(spec: ["rollout": ["blackouts": []]])
            try await cluster.converges(code: "3", model: "2.0.0")
            #expect(cluster.condition("UpdateAvailable") == nil)
        }
    }
}
