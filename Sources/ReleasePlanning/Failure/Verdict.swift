import Artifacts
import KubernetesAPI
import ModelAppAPI

extension Observation {
    /// Whether a rollout is in progress or a candidate is verified, so that pods have to be looked at. False for a release
    /// that ran before: its pods are lost, not its rollout.
    public var needsPods: Bool {
        if isVerifying || needsStandby { return true }
        guard let applied, applied.convergedAt == nil, applied.failure == nil else { return false }
        let progress = RolloutProgress(deployment, release: applied.release.id)
        return progress.isObserved && !progress.isComplete
    }

    /// Whether the rollout in progress has stood still for too long, by the Deployment's word.
    var isOverdue: Bool {
        guard let applied else { return false }
        return RolloutProgress(deployment, release: applied.release.id).failure?.type == "Progressing"
    }

    /// That the rollout in progress failed by its own fault, and whose; nil where it did not, or where its surroundings
    /// are at fault.
    func verdict(now: Timestamp) -> (StoredRelease, ReleaseFailure)? {
        guard let applied, applied.convergedAt == nil, applied.failure == nil, let pods else { return nil }
        let trouble = PodTrouble(pods, release: applied.release.id)
        // A crash loop is certain at once; what may be a slow start, only when its time is over.
        guard trouble.isLoop || isOverdue && trouble.fault != .surroundings else { return nil }
        var failure = ReleaseFailure()
        failure.blame = trouble.fault == .spec ? .template : blame(applied)
        failure.reason = trouble.reason
        failure.message = trouble.message
        failure.at = now.rfc3339
        return (applied, failure)
    }

    /// What differs from the last release that ran is guilty.
    func blame(_ applied: StoredRelease) -> ReleaseFailure.Blame {
        guard let good = lastConverged?.release else { return .pair }
        let newCode = good.code.digest != applied.release.code.digest
        let newModel = good.model.digest != applied.release.model.digest
        let newTemplate = good.templateHash != applied.release.templateHash
        switch (newCode, newModel, newTemplate) {
        case (true, false, false): return .code
        case (false, true, false): return .model
        case (false, false, _): return .template
        default: return .pair
        }
    }
}
