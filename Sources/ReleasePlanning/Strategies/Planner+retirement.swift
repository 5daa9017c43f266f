import Artifacts
import KubernetesAPI
import ModelAppAPI

/// What becomes of the slot that has lost its traffic, or never got it.
extension Planner {
    /// How long a release is kept after another took its place.
    static let defaultScaleDownDelay = Duration.seconds(300)

    /// The step that removes the slot without traffic, unless `desired` comes up in it or what ran there is kept.
    ///
    /// It is bound to the Service that was read: a view that lags behind must not take away what has the traffic by now.
    func standbyRemoval(for desired: Release?) -> [PlanStep] {
        guard app.spec.target.adopt == nil, let live = observation.standby, objects.owns(live),
            keptUntil == nil
        else { return [] }
        if let desired, slot(for: desired) == observation.standbySlot { return [] }
        let delete = PlanStep.delete(Deployment.resource, live.key, uid: live.metadata.uid)
        guard let service = observation.service, objects.owns(service.metadata) else { return [delete] }
        // First the Service has to leave it.
        guard Observation.slot(service) == observation.slot else { return [] }
        return [.confirm(Service.resource, service.key, resourceVersion: service.metadata.resourceVersion), delete]
    }

    /// Until when the slot without traffic is kept, because its release ran before the present one; nil where it is not.
    var keptUntil: Timestamp? {
        guard hasTwoSlots, let live = observation.standby, objects.owns(live),
            let past = observation.carried(by: live), past.convergedAt != nil, past.failure == nil,
            let current = observation.applied, current.name != past.name
        else { return nil }
        let delay = app.spec.rollout.strategy.scaleDownDelay?.duration ?? Self.defaultScaleDownDelay
        // While the present one has not run everywhere, nobody knows whether the other is needed.
        guard let converged = current.convergedAt else { return now + delay }
        let times = [current.startedAt, converged].compactMap { try? Timestamp(rfc3339: $0) }
        guard let since = times.max(), since + delay > now else { return nil }
        return since + delay
    }
}
