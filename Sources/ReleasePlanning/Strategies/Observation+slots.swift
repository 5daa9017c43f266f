import JSON
public import KubernetesAPI
import ModelAppAPI

/// Which slot has the traffic. It is read off the cluster in every pass, never off the status.
extension Observation {
    /// Says which of two Deployments has the traffic. Service and releases have to be there before.
    ///
    /// The Service says so, as long as what it selects may have traffic. Where it does not (there is none, it selects both
    /// for a canary, or somebody deleted the Deployment), that one has it which was brought into place last.
    public mutating func arrange(a: Deployment?, b: Deployment?) {
        let deployments: [Slot: Deployment?] = [.a: a, .b: b]
        slot = activeSlot(deployments.compactMapValues(\.self))
        deployment = deployments[slot] ?? nil
        standby = deployments[slot.other] ?? nil
    }

    /// The slot beside the one that has the traffic.
    public var standbySlot: Slot { slot.other }

    private func activeSlot(_ deployments: [Slot: Deployment]) -> Slot {
        let named = service.flatMap(Self.slot)
        // What has our name in the second slot and was not made for us says nothing.
        let made = deployments.filter { $0.key == .a || $0.value.isMade(for: app.metadata.name) }
        let inUse = made.filter { carried(by: $0.value)?.isCandidate != true }
        if let named, inUse[named] != nil { return named }
        if let latest = inUse.max(by: { order($0) < order($1) }) { return latest.key }
        // What is verified there has no traffic yet.
        if let candidate = made.keys.first { return candidate.other }
        let isFirst = newestFirst.allSatisfy(\.isCandidate)
        return named ?? (isFirst && app.spec.rollout.strategy.hasTwoSlots ? .b : .a)
    }

    private func order(_ place: (key: Slot, value: Deployment)) -> (Int64, Int) {
        (carried(by: place.value)?.number ?? -1, place.key == .a ? 1 : 0)
    }

    /// The slot that a Service selects; nil where it selects both or something else.
    static func slot(_ service: Service) -> Slot? {
        service.spec["selector"]?[Keys.slot]?.string.flatMap(Slot.init)
    }

    /// The release that a Deployment carries, by its annotation or, where somebody removed that, by its label.
    func carried(by deployment: Deployment?) -> StoredRelease? {
        guard let metadata = deployment?.metadata,
            let id = metadata.annotations[Keys.release] ?? metadata.labels[Keys.release]
        else { return nil }
        return releases.first { $0.release.id == id && isForTarget($0) }
    }

    /// Whether a release is to come up in the slot without traffic, so that a read has to show that its name is free.
    public var needsStandby: Bool {
        guard app.spec.target.adopt == nil, app.spec.rollout.strategy.hasTwoSlots, let top = newestFirst.first else {
            return false
        }
        return top.isCandidate ? isVerifying : top.name != applied?.name
    }

    /// How far the release called `id` has come, in the slot that has the traffic or in the one that waits for it.
    func progress(of id: String) -> RolloutProgress {
        let isWaiting = applied?.release.id != id && carried(by: standby)?.release.id == id
        var progress = RolloutProgress(isWaiting ? standby : deployment, release: id)
        progress.isInPlace = !isWaiting
        return progress
    }
}
