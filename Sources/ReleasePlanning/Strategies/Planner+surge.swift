import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// A rolling update that finds no room for one pod more. Where it is safe it goes on with one pod less, else it is said what
/// would help.
extension Planner {
    /// How long a cluster gets to add a node before a pod is taken away.
    private static let patience = Duration.seconds(120)

    /// Whether the Deployment replaces pods of `release` one by one, without a surge. Once begun it stays so for this release:
    /// that is kept on the Deployment.
    func rollsInPlace(_ release: Release) -> Bool {
        guard isSurgeOpen, let live = observation.deployment else { return false }
        if live.metadata.annotations[Keys.noSurge] == release.id { return true }
        return inPlaceDue(release).map { $0 <= now } ?? false
    }

    /// When the rollout of `release` goes on without a surge; nil where it does not.
    ///
    /// Safe is: pods of the same size as before, so that the one which goes leaves room for the one that comes; at least two
    /// of them, so that somebody serves; and nobody said otherwise.
    func inPlaceDue(_ release: Release) -> Timestamp? {
        guard isSurgeOpen, let live = observation.deployment, live.spec["replicas"]?.integer ?? 1 >= 2,
            let applied = observation.applied, applied.release.id == release.id, applied.convergedAt == nil,
            applied.failure == nil, !observation.isPaused,
            let good = observation.lastConverged?.release, good.templateHash == release.templateHash
        else { return nil }
        return shortage(of: release)?.since.map { $0 + Self.patience }
    }

    /// Whether the spec leaves it to us how many pods more or less there are.
    private var isSurgeOpen: Bool {
        guard app.spec.target.adopt == nil, app.spec.rollout.strategy.type == .rolling else { return false }
        let own = app.spec.target.own
        return own?.maxSurge == nil && own?.maxUnavailable == nil
    }

    /// What keeps pods of `release` from being placed while it rolls out; nil where nothing does.
    func shortage(of release: Release) -> Shortage? {
        guard let applied = observation.applied, applied.release.id == release.id, applied.convergedAt == nil else {
            return nil
        }
        let progress = RolloutProgress(observation.deployment, release: release.id)
        return progress.isComplete ? nil : Shortage(observation.pods, progress, release: release.id)
    }

    /// What is done about a shortage of `release`, or what would help.
    func answer(to shortage: Shortage, of release: Release) -> String {
        if rollsInPlace(release) { return "pods are replaced one by one, with one less meanwhile" }
        if let due = inPlaceDue(release) {
            return "if no room is found by \(due.rfc3339), pods are replaced one by one, with one less meanwhile"
        }
        if app.spec.target.adopt != nil {
            return "make room, or let the Deployment replace pods without a surge (maxSurge 0, maxUnavailable 1)"
        }
        if app.spec.rollout.strategy.type == .recreate { return "make room" }
        return
            "make room, or set spec.target.own.maxSurge to 0 and maxUnavailable to 1, which leaves one pod less meanwhile"
    }

    /// What would help where a release finds no room beside the one that runs.
    var answerBeside: String {
        let strategy = app.spec.rollout.strategy
        return strategy.hasTwoSlots
            ? "it needs room beside what runs, which is not touched: make some, or use spec.rollout.strategy.type Rolling"
            : "a candidate needs room for one pod beside what runs: make some"
    }
}
