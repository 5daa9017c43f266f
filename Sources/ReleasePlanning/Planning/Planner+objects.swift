import JSON
import KubernetesAPI
import ModelAppAPI

/// What is written of the objects that a release needs.
extension Planner {
    /// Without a release to make, the one that runs is kept in step.
    func keepingCurrent() -> [PlanStep] {
        guard let current = observation.current else { return [] }
        return deploymentSteps(current.release) + serviceSteps(for: current.release)
    }

    func deploymentSteps(_ release: Release) -> [PlanStep] {
        if app.spec.target.adopt != nil { return adoptedSteps(release) }
        let slot = slot(for: release)
        guard slot == observation.slot else { return standbySteps(release, attempt: attempt(of: release)) }
        let key = slot.key(of: app.key)
        let replicas = app.spec.target.own?.replicas
        guard let live = observation.deployment else {
            let body = objects.deployment(release, in: slot)
            var steps: [PlanStep] = [.apply(ApplyStep(Deployment.resource, key, body), reason: "new release")]
            if let replicas { steps.append(.scale(objects.replicas(replicas, in: slot))) }
            return steps
        }
        // Pods of a later try carry its number as long as they run.
        let isSame = live.metadata.annotations[Keys.release] == release.id
        let body = objects.deployment(
            release,
            in: slot,
            attempt: isSame ? live.attempt : nil,
            isInPlace: rollsInPlace(release)
        )
        var steps: [PlanStep] = []
        // Who paused it edits it, or wants it to stay as it is.
        if !observation.isPaused, !objects.isInStep(body, live.document, live.metadata, policy) {
            let isRelease = live.metadata.annotations[Keys.release] != release.id
            steps.append(
                .apply(
                    ApplyStep(
                        Deployment.resource,
                        key,
                        body,
                        resourceVersion: live.metadata.resourceVersion
                    ),
                    reason: isRelease ? "new release" : "drift"
                )
            )
        }
        // Replicas have a manager of their own: the main apply never names them, so an autoscaler keeps what it sets.
        if let replicas, live.metadata.annotations[Keys.replicas] != String(replicas) {
            steps.append(.scale(objects.replicas(replicas, in: slot)))
        }
        return steps
    }

    func serviceSteps(for release: Release?, sharing: Bool = false) -> [PlanStep] {
        guard let spec = app.spec.target.service else {
            guard let live = observation.service, objects.owns(live.metadata) else { return [] }
            return [.delete(Service.resource, objects.key, uid: live.metadata.uid)]
        }
        let selector = sharing ? [Keys.name: app.metadata.name] : serviceSelector(for: release)
        let body = OwnedObjects(app: app, selector: selector).service(spec)
        guard let live = observation.service else {
            // There would be nobody behind it yet.
            if let release, slot(for: release) != trafficSlot(for: release), observation.deployment == nil { return [] }
            return [.apply(ApplyStep(Service.resource, objects.key, body), reason: "new service")]
        }
        if objects.isInStep(body, live.document, live.metadata, policy) { return [] }
        return [
            .apply(
                ApplyStep(Service.resource, objects.key, body, resourceVersion: live.metadata.resourceVersion),
                reason: "service changed"
            )
        ]
    }

    func pruneSteps(keeping id: String) -> [PlanStep] {
        let limit = Int(app.spec.rollout.historyLimit)
        let protected: Set<String> = [
            id, observation.lastConverged?.release.id ?? "", observation.current?.release.id ?? "",
        ]
        let quarantine = Quarantine(observation)
        return observation.everyNewestFirst.dropFirst(limit).filter {
            !protected.contains($0.release.id) && !quarantine.isNeeded($0, for: resolution, templateHash: templateHash)
        }.map { stored in
            .delete(
                ControllerRevision.resource,
                ObjectKey(namespace: app.metadata.namespace, name: stored.name),
                uid: stored.uid
            )
        }
    }

    func nameTaken() -> String? {
        func message(_ kind: String, _ metadata: ObjectMeta) -> String {
            let owner = metadata.controller.map { "\($0.kind) \($0.name)" } ?? "nobody this ModelApp knows"
            return "\(kind) \(metadata.name) exists and belongs to \(owner); rename the ModelApp or remove the \(kind)"
        }
        if app.spec.target.adopt == nil, let live = observation.deployment, !objects.owns(live) {
            return message("Deployment", live.metadata)
        }
        if app.spec.target.service != nil, let metadata = observation.service?.metadata, !objects.owns(metadata) {
            return message("Service", metadata)
        }
        return nil
    }
}
