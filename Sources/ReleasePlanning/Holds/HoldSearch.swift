import JSON
import KubernetesAPI
import ModelAppAPI

/// A release that somebody put back by hand, and that stays although another is the newest.
struct HeldRelease {
    let stored: StoredRelease
    let hold: ManualHold
    /// Whether that is not noted yet.
    let begins: Bool
}

/// Finds out whether somebody put a release back by hand.
struct HoldSearch {
    let observation: Observation
    let resolution: Resolution
    /// The hash of what the user says about the template now.
    let templateHash: String

    private var annotations: [String: String] { observation.app.metadata.annotations }

    /// The release that is to stay because somebody wants so; nil where nobody does.
    ///
    /// `kubectl rollout undo` counts before the annotation: it has been done. Both count before anything that a pin, a
    /// quarantine or a gate says.
    var held: HeldRelease? {
        if let undone = undoneRelease() ?? requestedRollback() { return undone }
        guard let top = observation.newestFirst.first, top.isPutBackByHand, let hold = top.hold, holds(hold, on: top)
        else { return nil }
        return HeldRelease(stored: top, hold: hold, begins: false)
    }

    /// Whether a hold that was noted still counts.
    private func holds(_ hold: ManualHold, on stored: StoredRelease) -> Bool {
        if let request = annotations[Keys.resume], request != hold.spent,
            request.prefix(while: { $0 != "." }) == stored.release.id
        {
            return false
        }
        guard hold.way == .rollback else { return true }
        guard annotations[Keys.rollback] == hold.request else { return false }
        // A source that fails, or that keeps what runs for a while, offers nothing newer.
        let code = resolution.code.version?.digest ?? hold.code
        let model = resolution.model.version?.version.digest ?? hold.model
        let (heldCode, heldModel) = (stored.release.code.digest, stored.release.model.digest)
        guard [hold.code, heldCode].contains(code), [hold.model, heldModel].contains(model) else { return false }
        // Where only the pod template was undone, another edit of it is what is newer.
        let isTemplateOnly = hold.code == heldCode && hold.model == heldModel
        return !isTemplateOnly || templateHash == hold.templateHash
    }

    /// The release that `kubectl rollout undo`, or another, wrote into the Deployment in place of the one that we did.
    ///
    /// The label says which release we applied last. An undo brings back a template with the annotations of that time and
    /// leaves labels as they are.
    private func undoneRelease() -> HeldRelease? {
        guard let live = observation.deployment, let written = live.metadata.labels[Keys.release],
            let top = observation.newestFirst.first
        else { return nil }
        let template = live.spec["template"] ?? .null
        guard let id = template["metadata"]?["labels"]?[Keys.release]?.string, id != written, id != top.release.id,
            let stored = observation.stored(id),
            FieldComparison.firstDifference(
                applied: stored.release.template(in: observation.slot.rawValue, attempt: nil),
                live: template
            ) == nil
        else { return nil }
        let from = observation.stored(written) ?? top
        return begin(.undo, on: stored, from: from, request: nil)
    }

    /// The release that the annotation asks for, where it has not been heeded yet.
    private func requestedRollback() -> HeldRelease? {
        guard case .success((let target, let current, let request))? = rollbackRequest else { return nil }
        // Who goes back while a canary gets traffic wants neither of the two.
        let top = observation.newestFirst.first
        let canary = top?.verification?.hasTraffic == true ? top : nil
        return begin(.rollback, on: target, from: canary ?? current, request: request.text)
    }

    private func begin(
        _ way: ManualHold.Way,
        on stored: StoredRelease,
        from: StoredRelease,
        request: String?
    ) -> HeldRelease {
        let hold = ManualHold(
            way,
            from: from.release,
            number: observation.highestNumber + 1,
            request: request ?? stored.hold?.request,
            spent: annotations[Keys.resume]
        )
        return HeldRelease(stored: stored, hold: hold, begins: true)
    }

    /// What the annotation asks for and whether it can be done; nil where there is none, or it was heeded, or it is about
    /// a release that does not run.
    var rollbackRequest: Result<(StoredRelease, StoredRelease, RollbackRequest), RollbackRequest.Refusal>? {
        guard let text = annotations[Keys.rollback] else { return nil }
        guard let request = RollbackRequest(text) else {
            return .failure(.init(description: "it needs two release ids: the one that runs and the one to put back"))
        }
        guard !observation.releases.contains(where: { $0.hold?.request == text }),
            let current = observation.current, current.release.id == request.from
        else { return nil }
        if observation.isPaused {
            return .failure(.init(description: "the Deployment is paused; kubectl rollout resume it first"))
        }
        guard let target = observation.stored(request.target) else {
            return .failure(.init(description: "release \(request.target.prefix(64)) is not kept"))
        }
        do throws(RollbackRequest.Refusal) {
            let latest = resolution.model.version?.version.digest
            try RollbackRequest.check(target, in: current, latestModel: latest)
        } catch {
            return .failure(error)
        }
        return .success((target, current, request))
    }
}

extension Observation {
    /// The number of the release that was brought into place last.
    var highestNumber: Int64 { releases.map(\.number).max() ?? 0 }

    /// Whether somebody paused the Deployment.
    var isPaused: Bool { deployment?.spec["paused"] == true }

    /// The release that was put back by hand, where nothing has been started since.
    public var heldByHand: StoredRelease? { newestFirst.first.flatMap { $0.isPutBackByHand ? $0 : nil } }
}
