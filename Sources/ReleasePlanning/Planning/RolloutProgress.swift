import JSON
import KubernetesAPI

/// How far a Deployment has come with a release.
struct RolloutProgress: Hashable {
    /// Pods that are wanted.
    var desired: Int64 = 0
    /// Pods of the present template.
    var updated: Int64 = 0
    /// Pods that are available.
    var available: Int64 = 0
    /// All pods.
    var total: Int64 = 0
    /// Whether the deployment controller has seen the present template.
    var isObserved = false
    /// Whether the Deployment is the one that has the traffic.
    var isInPlace = true
    /// Why the rollout does not go on, by the deployment controller.
    var failure: DeploymentCondition?
    /// Why pods are not made, by the deployment controller.
    var replicaFailure: DeploymentCondition?

    /// The progress of `deployment` with the release called `id`; none where it carries another.
    init(_ deployment: Deployment?, release id: String?) {
        guard let deployment else { return }
        desired = deployment.spec["replicas"]?.integer ?? 1
        total = deployment.status.replicas
        guard deployment.metadata.annotations[Keys.release] == id else { return }
        isObserved = deployment.status.observedGeneration >= deployment.metadata.generation
        guard isObserved else { return }
        updated = deployment.status.updatedReplicas
        available = deployment.status.availableReplicas
        replicaFailure = deployment.status.conditions.first { $0.type == "ReplicaFailure" && $0.status == "True" }
        failure = deployment.status.conditions.first {
            ($0.type == "Progressing" && $0.reason == "ProgressDeadlineExceeded" && $0.status == "False")
                || ($0.type == "ReplicaFailure" && $0.status == "True")
        }
    }

    /// Whether every pod is of the present template and available, and has the traffic.
    var isComplete: Bool { isInPlace && isUp }

    /// Whether every pod is of the present template and available (kubectl `rollout status`).
    var isUp: Bool {
        isObserved && updated >= desired && total <= updated && available >= updated
    }
}
