import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// Two slots: a release comes up in the one without traffic, and the Service goes over to it. What runs is not touched
/// before that, and stays for a while after it, so that going back is going over again.
extension Planner {
    /// Whether releases change slots.
    var hasTwoSlots: Bool { app.spec.target.adopt == nil && app.spec.rollout.strategy.hasTwoSlots }

    /// In which slot `release` runs or is to come up.
    func slot(for release: Release) -> Slot {
        let (active, waiting) = (observation.slot, observation.standbySlot)
        guard hasTwoSlots, let applied = observation.applied, applied.release.id != release.id else {
            // Nothing runs: the release waits in the other slot, or is put where it was.
            let isWaiting = hasTwoSlots && observation.applied == nil && isInStandby(release)
            return isWaiting ? waiting : active
        }
        return waiting
    }

    /// The slot that the Service is to select while `release` is brought into place: that of the release once it is up.
    func trafficSlot(for release: Release?) -> Slot {
        guard let release, slot(for: release) != observation.slot, isUpInStandby(release) else {
            return observation.slot
        }
        return observation.standbySlot
    }

    /// The number of the try by which `release` runs in the slot without traffic.
    func attempt(of release: Release) -> String? { isInStandby(release) ? observation.standby?.attempt : nil }

    func isInStandby(_ release: Release) -> Bool {
        observation.carried(by: observation.standby)?.release.id == release.id
    }

    private func isUpInStandby(_ release: Release) -> Bool {
        guard let live = observation.standby, objects.owns(live) else { return false }
        let body = objects.deployment(release, in: observation.standbySlot, attempt: live.attempt)
        return objects.isInStep(body, live.document, live.metadata, policy)
            && RolloutProgress(live, release: release.id).isUp
    }

    /// Brings `release` into the slot without traffic, with as many pods as the other one has.
    /// - Parameter share: how many of a hundred pods it gets.
    func standbySteps(_ release: Release, attempt: String?, share: Int64 = 100) -> [PlanStep] {
        let slot = observation.standbySlot
        let body = objects.deployment(release, in: slot, attempt: attempt)
        let key = slot.key(of: app.key)
        let size = standbySize(release, attempt: attempt, share: share)
        guard let live = observation.standby else {
            // What nobody looked for may be there; and what is new gets no traffic.
            guard observation.needsStandby, !reachesStandby else { return [] }
            let apply = ApplyStep(Deployment.resource, key, body)
            return [.apply(apply, reason: "new release"), .scale(objects.size(size, in: slot))]
        }
        guard objects.owns(live) else { return [] }
        let isOther = live.metadata.annotations[Keys.release] != release.id
        // First the Service has to leave it.
        guard !reachesStandby || !isOther && live.attempt == attempt else { return [] }
        var steps: [PlanStep] = []
        if !objects.isInStep(body, live.document, live.metadata, policy) {
            let apply = ApplyStep(Deployment.resource, key, body, resourceVersion: live.metadata.resourceVersion)
            steps.append(.apply(apply, reason: isOther ? "new release" : "drift"))
        }
        if size.isMissing(on: live) { steps.append(.scale(objects.size(size, in: slot))) }
        return steps
    }

    private func standbySize(_ release: Release, attempt: String?, share: Int64) -> StandbySize {
        let wanted = app.spec.target.own?.replicas
        let live = observation.deployment
        // Who scaled the running one wants as many of the next; who edited the spec since wants what it says.
        let isEdited = wanted != nil && live?.metadata.annotations[Keys.replicas] != wanted.map(String.init)
        let running = live?.spec["replicas"]?.integer ?? wanted ?? 1
        let full = isEdited ? wanted ?? running : running
        return StandbySize(
            // At least one, as long as anything runs.
            count: full / 100 * share + (full % 100 * share + 99) / 100,
            wanted: wanted,
            purpose: "\(release.id) \(attempt ?? "1")"
        )
    }

    /// Why the other slot's Deployment cannot be made; nil where it can, or is ours.
    var standbyTaken: String? {
        guard let live = observation.standby, !objects.owns(live) else { return nil }
        return "Deployment \(live.metadata.name) exists and is not this ModelApp's; rename the ModelApp or remove it"
    }
}

/// How many pods the slot without traffic is given, once for each try of a release and each count of the running one:
/// what others set there afterwards stays.
struct StandbySize {
    var count: Int64
    /// What the spec says.
    var wanted: Int64?
    var purpose: String

    var mark: String { "\(purpose) \(count)" }

    func isMissing(on live: Deployment) -> Bool {
        let annotations = live.metadata.annotations
        if let wanted, annotations[Keys.replicas] != String(wanted) { return true }
        return annotations[Keys.sizedFor] != mark && (live.spec["replicas"]?.integer ?? 1) != count
    }
}

extension OwnedObjects {
    /// The number of pods of the slot without traffic, with what tells that this was done.
    func size(_ size: StandbySize, in slot: Slot) -> ApplyStep {
        var annotations = [Keys.sizedFor: size.mark]
        annotations[Keys.replicas] = size.wanted.map(String.init)
        return ApplyStep(
            Deployment.resource,
            slot.key(of: app.key),
            ["metadata": ["annotations": annotations.json], "spec": ["replicas": .integer(size.count)]]
        )
    }
}

extension Deployment {
    /// The number of the try in its template.
    var attempt: String? { spec["template"]?["metadata"]?["annotations"]?[Keys.attempt]?.string }
}
