import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Testing

/// Bar: converged, nothing changes.
@Suite struct ConvergedTests {
    @Test(arguments: [Cluster.plainTemplate, Cluster.normalisedTemplate])
    func aConvergedAppIsScannedWithoutARequestToTheAPIServer(_ template: JSONValue) async throws {
        try await Cluster.withConvergedApp(template: template) { cluster in
            try await cluster.rests()
            cluster.api.resetRequests()
            let version = cluster.api.resourceVersion
            try await cluster.scans(20)
            let requests = cluster.api.requests.counts.filter { $0.key.verb != "watch" }
            #expect(requests.isEmpty)
            #expect(cluster.api.resourceVersion == version)
        }
    }

    @Test(arguments: [Cluster.plainTemplate, Cluster.normalisedTemplate])
    func anOperatorThatStartsOnAConvergedAppWritesNothing(_ template: JSONValue) async throws {
        try await Cluster.withConvergedApp(template: template) { cluster in
            try await cluster.rests()
        } then: { cluster in
            cluster.api.resetRequests()
            let version = cluster.api.resourceVersion
            try await cluster.withOperator {
                try await cluster.scans(5)
            }
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.api.requests.count("get") == 0)
            #expect(cluster.api.resourceVersion == version)
        }
    }

    @Test func replicasThatAnAutoscalerSetAreNotTakenBack() async throws {
        try await Cluster.withConvergedApp { cluster in
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key(),
                ["spec": ["replicas": 7]],
                fieldManager: FieldManager("autoscaler"),
                subresource: "scale"
            )
            try await cluster.eventually("seven pods") {
                cluster.status()?.release?.pods?.desired == 7 && cluster.isConverged(code: "1", model: "1.0.0")
            }
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["replicas"] == 7)
        }
    }
}
