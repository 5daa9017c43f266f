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

@Suite struct DriftTests {
    @Test func aHandEditedImageIsPutBack() async throws {
        try await Cluster.withConvergedApp { cluster in
            let before = cluster.live()
            func generation(_ cluster: Cluster) -> Int64 {
                cluster.api.object(Deployment.resource, Cluster.key())?["metadata"]?["generation"]?.integer ?? 0
            }
            let undisturbed = generation(cluster)
            let edit: JSONValue = [
                ["op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:latest"]
            ]
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key(),
                edit,
                fieldManager: FieldManager("kubectl-edit")
            )
            // The edit made a generation, and what puts it back makes another.
            try await cluster.eventually("the image is back") {
                cluster.live() == before && generation(cluster) == undisturbed + 2
            }
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(cluster.releases().count == 1)
        }
    }

    @Test(arguments: [Deployment.resource, Service.resource])
    func aDeletedObjectIsMadeAgain(_ resource: APIResource) async throws {
        try await Cluster.withConvergedApp { cluster in
            let before = try #require(cluster.api.object(resource, Cluster.key()))
            let uid = try #require(before["metadata"]?["uid"]?.string)
            try await cluster.client.delete(resource, Cluster.key(), uid: uid)
            try await cluster.eventually("there is another \(resource.kind)") {
                let object = cluster.api.object(resource, Cluster.key())
                return object != nil && object?["metadata"]?["uid"]?.string != uid
            }
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(cluster.api.object(resource, Cluster.key())?["spec"]?["selector"] == before["spec"]?["selector"])
            #expect(cluster.releases().count == 1)
        }
    }

    @Test func aFieldOfAnotherManagerIsLeftAlone() async throws {
        try await Cluster.withConvergedApp { cluster in
            let label: JSONValue = ["metadata": ["labels": ["team": "vision"]], "spec": ["revisionHistoryLimit": 3]]
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key(),
                label,
                fieldManager: FieldManager("kubectl-edit")
            )
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            let deployment = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
            #expect(deployment["metadata"]?["labels"]?["team"] == "vision")
            #expect(deployment["spec"]?["revisionHistoryLimit"] == 3)
        }
    }
}
