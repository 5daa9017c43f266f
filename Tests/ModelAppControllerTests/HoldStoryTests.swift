import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// What somebody does by hand beside the operator: rollbacks, `kubectl rollout`, `kubectl scale`.
@Suite struct HoldStoryTests {
    private func annotate(_ cluster: Cluster, _ annotation: String, _ value: String?) async throws {
        let patch: JSONValue = ["metadata": ["annotations": [annotation: value.map { .string($0) } ?? .null]]]
        let manager = FieldManager("kubectl-annotate")
        try await cluster.client.patch(ModelApp.resource, Cluster.key(), patch, fieldManager: manager)
    }

    private func patch(_ cluster: Cluster, _ patch: JSONValue, as manager: String) async throws {
        let manager = FieldManager(manager)
        try await cluster.client.patch(Deployment.resource, Cluster.key(), patch, fieldManager: manager)
    }

    private func wasPutBack(_ cluster: Cluster, to live: Cluster.Live, reason: String) -> Bool {
        cluster.live() == live && cluster.condition("Ready")?.reason == "RolledBack"
            && cluster.condition("UpdateAvailable")?.reason == reason
    }

    @Test func aRollbackByAnnotationLastsUntilSomethingNewerComes() async throws {
        try await Cluster.withConvergedApp { cluster in
            let first = try #require(cluster.live())
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            let second = try #require(cluster.live())
            try await annotate(cluster, Keys.rollback, "\(second.release) \(first.release)")
            try await cluster.eventually("it is put back and held") {
                wasPutBack(cluster, to: first, reason: "WaitingForNewerPair")
            }
            try await cluster.scans(3)
            #expect(cluster.live() == first)
            #expect(cluster.status()?.history.first?.cause == "Rollback")
            try cluster.uploadVersion("2.0.0")
            try await cluster.converges(code: "2", model: "2.0.0")
        }
    }

    @Test func anUndoByKubectlStaysUntilItIsResumed() async throws {
        try await Cluster.withConvergedApp { cluster in
            let first = try #require(cluster.live())
            let before = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            // kubectl takes the template and the annotations of the ReplicaSet, which has those of its time.
            let undo: JSONValue = [
                ["op": "replace", "path": "/spec/template", "value": before["spec"]?["template"] ?? .null],
                [
                    "op": "replace", "path": "/metadata/annotations",
                    "value": before["metadata"]?["annotations"] ?? .null,
                ],
            ]
            try await patch(cluster, undo, as: "kubectl-rollout")
            try await cluster.eventually("the undo is held") {
                wasPutBack(cluster, to: first, reason: "WaitingForResume")
            }
            try await cluster.push("3")
            try await cluster.scans(3)
            #expect(cluster.live() == first)
            try await annotate(cluster, Keys.resume, first.release)
            try await cluster.converges(code: "3", model: "1.0.0")
        }
    }

    @Test func aRestartByKubectlIsLeftAlone() async throws {
        try await Cluster.withConvergedApp { cluster in
            let annotations: JSONValue = ["kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"]
            let restart: JSONValue = ["spec": ["template": ["metadata": ["annotations": annotations]]]]
            try await patch(cluster, restart, as: "kubectl-rollout")
            func template() -> JSONValue? {
                cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["template"]
            }
            try await cluster.scans(3)
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(template()?["metadata"]?["annotations"] == annotations)
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(template()?["metadata"]?["annotations"] == annotations)
        }
    }

    @Test func aPausedDeploymentGetsNoReleaseUntilItIsResumed() async throws {
        try await Cluster.withConvergedApp { cluster in
            try await patch(cluster, ["spec": ["paused": true]], as: "kubectl-rollout")
            try await cluster.push("2")
            try await cluster.eventually("it waits") {
                cluster.condition("UpdateAvailable")?.reason == "WaitingForResume"
            }
            #expect(cluster.live()?.tag == "1")
            try await patch(cluster, ["spec": ["paused": .null]], as: "kubectl-rollout")
            try await cluster.converges(code: "2", model: "1.0.0")
        }
    }

    @Test func aScaleByKubectlOrAnAutoscalerOutlivesReleases() async throws {
        try await Cluster.withConvergedApp { cluster in
            let manager = FieldManager("kube-controller-manager")
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key(),
                ["spec": ["replicas": 4]],
                fieldManager: manager,
                subresource: "scale"
            )
            func replicas() -> Int64? {
                cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["replicas"]?.integer
            }
            try await cluster.scans(3)
            #expect(replicas() == 4)
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(replicas() == 4)
            // Another number in the spec is an order again.
            try await cluster.edit(spec: ["target": ["own": ["replicas": 3]]])
            try await cluster.eventually("three are wanted") { replicas() == 3 }
        }
    }
}
