import JSON
import KubernetesAPI
import ModelAppAPI

/// The Deployment that runs one pod of a release before it gets traffic.
extension OwnedObjects {
    /// The key of the candidate's Deployment.
    static func candidateKey(of app: ModelApp) -> ObjectKey { OwnedNames.candidate(of: app.key) }

    /// The candidate that carries `release`. The template is the frozen one but for the slot, by which the Service does
    /// not select, and the number of the try, by which each has a pod of its own.
    func candidate(_ release: Release, attempt: Int64) -> JSONValue {
        var selector = TemplateRenderer.selector(of: app)
        selector[Keys.slot] = Keys.candidateSlot
        var template = release.template
        var metadata = template["metadata"] ?? .object([:])
        var labels = metadata["labels"] ?? .object([:])
        labels[Keys.slot] = .string(Keys.candidateSlot)
        metadata["labels"] = labels
        var annotations = metadata["annotations"] ?? .object([:])
        annotations[Keys.attempt] = .string(String(attempt))
        metadata["annotations"] = annotations
        template["metadata"] = metadata
        var spec: [String: JSONValue] = [
            "selector": ["matchLabels": selector.json], "template": template, "replicas": 1,
            // A node for a second candidate may not be there.
            "strategy": ["type": "Recreate"],
        ]
        if let seconds = app.spec.target.own?.minReadySeconds { spec["minReadySeconds"] = .integer(seconds) }
        let deadline = app.spec.rollout.progressDeadline.duration.components.seconds
        spec["progressDeadlineSeconds"] = .integer(max(deadline, (app.spec.target.own?.minReadySeconds ?? 0) + 1))
        return body(["spec": .object(spec)], annotations: [Keys.release: release.id])
    }

    /// The pod of the candidate that can be checked; nil while there is none.
    ///
    /// Its address is used by the operator, so it has to be a pod of our own Deployment's making, and not the node's own
    /// address.
    static func pod(_ pods: [Pod], release id: String, attempt: Int64, of app: ModelApp) -> CandidatePod? {
        let prefix = candidateKey(of: app).name + "-"
        let mine = pods.filter { pod in
            pod.metadata.labels[Keys.slot] == Keys.candidateSlot && pod.metadata.labels[Keys.release] == id
                && pod.metadata.annotations[Keys.attempt] == String(attempt)
                && pod.metadata.deletionTimestamp == nil && pod.metadata.controller?.kind == "ReplicaSet"
                && pod.metadata.controller?.name.hasPrefix(prefix) == true
                && (pod.status["conditions"]?.array ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
        }
        for pod in mine.sorted(by: { $0.metadata.name < $1.metadata.name }) {
            guard let address = pod.status["podIP"]?.string, !address.isEmpty, pod.status["hostIP"]?.string != address
            else { continue }
            return CandidatePod(uid: pod.metadata.uid, address: address, name: pod.metadata.name)
        }
        return nil
    }
}
