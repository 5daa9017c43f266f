import DevCluster
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct PredictionStoryTests {
    private static let checks: JSONValue = [
        [
            "name": "same",
            "predictions": [
                "port": 8080, "path": "/score", "jsonPath": "$.result[0][0][0][0]", "agreement": .decimal("0.9"),
                "inputsFrom": ["configMapKeyRef": ["name": "golden", "key": "inputs"]],
            ],
        ]
    ]

    /// The addresses of the pods in a slot.
    private static func isIn(_ slot: String, _ address: String, _ cluster: Cluster) -> Bool {
        cluster.api.objects(Pod.resource).contains { pod in
            pod["status"]?["podIP"]?.string == address && pod["metadata"]?["labels"]?[Keys.slot]?.string == slot
        }
    }

    @Test func answersThatDriftLeaveWhatRunsAndNewBytesLiftIt() async throws {
        try await Cluster.withSlots(["type": "BlueGreen"]) { cluster, app in
            try await cluster.editSeen(spec: ["rollout": ["verify": Self.checks]])
            try await cluster.push("2")
            try await cluster.eventuallyServed("it waits for the inputs") {
                cluster.says("UpdateAvailable", true, "ConfigMapNotFound", ["predictions.inputsFrom: ConfigMap golden"])
            }
            app.speaks { address in Self.isIn("b", address, cluster) ? "planted-cat" : nil }
            let inputs = "{\"n\":1}\n{\"n\":2}\n\n{\"n\":3}\n"
            try await cluster.apply(
                ApplyStep(ConfigMap.resource, Cluster.key("golden"), ["data": ["inputs": .string(inputs)]])
            )
            try await cluster.eventuallyServed("it is quarantined") {
                cluster.status()?.quarantine.map(\.version) == ["2"] && cluster.object("app-b") == nil
            }
            #expect(cluster.slot() == "a" && app.requests.count { $0 == "POST /score" } == 6)
            #expect(cluster.says("UpdateAvailable", true, "Quarantined", ["0 of 3 answers agree"]))
            #expect(cluster.api.object(ModelApp.resource, Cluster.key())?.canonicalText.contains("planted") == false)
            app.speaks { _ in nil }
            try await cluster.push("3")
            try await cluster.eventuallyServed("code 3 runs") {
                cluster.isConverged(on: "app-b", code: "3", model: "1.0.0")
            }
            let record = cluster.releases().last?.verification
            #expect(record?.results.map(\.message) == ["3 of 3 answers agree"])
        }
    }
}
