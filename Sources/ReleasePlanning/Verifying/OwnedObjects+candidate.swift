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
        let template = release.template(in: Keys.candidateSlot, attempt: String(attempt))
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

    /// A pod of the candidate that can be checked; nil while there is none.
    ///
    /// Its address is used by the operator, so it has to be a pod of our own Deployment's making, and not the node's own
    /// address.
    /// - Parameters:
    ///   - pods: those of the candidate's slot and try.
    ///   - deployment: the name of the candidate's Deployment.
    static func pod(_ pods: [Pod], release id: String, of deployment: String) -> CandidatePod? {
        let prefix = deployment + "-"
        let mine = pods.filter { pod in
            pod.metadata.labels[Keys.release] == id
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
