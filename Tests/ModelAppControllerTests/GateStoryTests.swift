import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct GateStoryTests {
    private func annotate(_ cluster: Cluster, _ key: String, _ value: String) async throws {
        let annotation: JSONValue = ["metadata": ["annotations": [key: .string(value)]]]
        let manager = FieldManager("kubectl-annotate")
        try await cluster.client.patch(ModelApp.resource, Cluster.key(), annotation, fieldManager: manager)
    }

    @Test func aModelWaitsForConsentAndTheOneThatWasApprovedIsReleased() async throws {
        try await Cluster.withConvergedApp { cluster in
            try await cluster.editSeen(spec: ["rollout": ["approval": ["for": ["Model"]]]])
            try cluster.uploadVersion("2.0.0")
            try await cluster.eventually("it waits") {
                cluster.condition("UpdateAvailable")?.reason == "WaitingForApproval"
            }
            let id = try #require(cluster.status()?.release?.target?.id)
            try await annotate(cluster, Keys.approve, "000000000000 ann")
            try cluster.uploadVersion("3.0.0")
            try await cluster.eventually("the newest asks") {
                cluster.status()?.release?.target?.model.version == "3.0.0"
            }
            #expect(cluster.live()?.version == "1.0.0", "a wrong id approves nothing")
            // Code goes on without asking.
            try await annotate(cluster, Keys.approve, "\(id) ann")
            try await cluster.converges(code: "1", model: "2.0.0")
            #expect(cluster.live()?.release == id)
            try await cluster.eventually("the newer one asks again") {
                cluster.status()?.release?.target?.model.version == "3.0.0"
                    && cluster.condition("UpdateAvailable")?.reason == "WaitingForApproval"
            }
        }
    }

    @Test func aPairIsReleasedOnceItHasRunElsewhere() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create("staging")
            let after: JSONValue = [["name": "first", "modelApp": ["name": "staging"], "for": "20s"]]
            try await cluster.create(rollout: ["after": after])
            try await cluster.withOperator {
                try await cluster.eventually("it waits for the other") {
                    cluster.condition("Ready")?.reason == "WaitingForAfter"
                }
                #expect(cluster.live() == nil)
                try await cluster.converges(code: "1", model: "1.0.0")
                let ran = try #require(cluster.releases(of: "staging").first?.convergedAt)
                let began = try #require(cluster.releases().first?.startedAt)
                #expect(try Timestamp(rfc3339: began) - Timestamp(rfc3339: ran) >= .seconds(19))
            }
        }
    }

    @Test func anImageThatTakesAnOlderModelGetsTheNewestItTakes() async throws {
        try await Cluster.withConvergedApp { cluster in
            let rule: JSONValue = ["name": "schema", "codeLabel": "models", "modelField": "version"]
            try await cluster.editSeen(spec: ["compatibility": [rule]])
            try cluster.uploadVersion("2.0.0")
            try cluster.uploadVersion("3.0.0")
            try await cluster.eventually("the image that runs says nothing") {
                cluster.says("UpdateAvailable", true, "WaitingForCompatibility", ["no label models"])
            }
            try await cluster.push("2", labels: ["models": ">=2 <3"])
            try await cluster.converges(code: "2", model: "2.0.0")
            try await cluster.eventually("the newest model does not fit") {
                cluster.says("UpdateAvailable", true, "WaitingForCompatibility", ["takes models \">=2 <3\"", "3.0.0"])
            }
        }
    }
}
