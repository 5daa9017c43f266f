import Artifacts
import JSON
import KubernetesAPI

/// That pods of a release find no room: no node takes them, or a quota is used up. It is known from conditions, as soon as
/// the scheduler or the API server says so, and speaks against no release.
struct Shortage: Hashable {
    /// One CamelCase word: `Unschedulable` or `QuotaExceeded`.
    var reason: String
    /// For people.
    var message: String
    /// Since when.
    var since: Timestamp?

    /// The gate in `waitingFor`.
    static let gate = "Capacity"

    /// The shortage of the release called `id`; nil where there is none.
    init?(_ pods: [Pod]?, _ progress: RolloutProgress, release id: String) {
        let mine = (pods ?? []).filter {
            $0.metadata.labels[Keys.release] == id && $0.metadata.deletionTimestamp == nil
        }
        let found = mine.compactMap { pod in
            (pod.status["conditions"]?.array ?? []).first {
                $0["type"] == "PodScheduled" && $0["status"] == "False" && $0["reason"] == "Unschedulable"
            }
        }
        func time(_ condition: JSONValue) -> Timestamp? {
            condition["lastTransitionTime"]?.string.flatMap { try? Timestamp(rfc3339: $0) }
        }
        if let first = found.first {
            reason = "Unschedulable"
            message = String((first["message"]?.string ?? "no node takes the pod").prefix(200))
            since = found.compactMap(time).min()
        } else if let failure = progress.replicaFailure, failure.message.contains("exceeded quota") {
            reason = "QuotaExceeded"
            message = String(failure.message.prefix(200))
            since = try? Timestamp(rfc3339: failure.lastTransitionTime)
        } else {
            return nil
        }
    }
}
