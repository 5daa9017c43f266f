import KubernetesAPI
import ModelAppAPI

/// What the status says of releases that were put back by hand.
extension StatusComposer {
    /// `release` was put back by hand and runs, or is on its way; nil where it runs for another reason, or has lost pods.
    func putBackByHand(_ release: Release, _ progress: RolloutProgress, _ pair: String) -> [Condition]? {
        guard let held = planner.held, held.stored.release.id == release.id else { return nil }
        let how = held.hold.way == .rollback ? "the annotation \(Keys.rollback)" : "hand (kubectl rollout undo)"
        let why = "put back by \(how) in place of release \(held.hold.from)"
        if progress.isComplete {
            let message = "\(pair) on \(progress.available)/\(progress.desired) pods, \(why)"
            return [Condition("Ready", true, reason: "RolledBack", message: message)]
        }
        guard progress.failure == nil else { return nil }
        let message = "\(pair): \(progress.updated) of \(progress.desired) pods updated, \(why)"
        let isReady = planner.app.status.condition("Ready")?.isTrue == true
        return [
            Condition("Ready", isReady, reason: "RollingBack", message: message),
            Condition("Reconciling", true, reason: "RollingBack", message: message),
        ]
    }

    /// Why a rollback that is asked for does not come about; empty where none is refused.
    var refusedRollback: String {
        guard case .failure(let refusal)? = planner.holdSearch.rollbackRequest else { return "" }
        return "; the annotation \(Keys.rollback) is not followed: \(refusal)"
    }
}
