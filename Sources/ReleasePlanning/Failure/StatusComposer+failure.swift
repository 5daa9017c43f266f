import KubernetesAPI
import ModelAppAPI

/// What the status says of releases that failed (api.md "Status", the rows "rolled back").
extension StatusComposer {
    /// The last good release runs again, or is on its way.
    func rolledBack(_ setback: Setback, _ progress: RolloutProgress, _ pair: String) -> [Condition] {
        guard let failure = setback.failed.failure else { return [] }
        let release = setback.failed.release
        let cause =
            "release \(release.id) (code \(release.code.tag) + model \(release.model.version)) failed: "
            + Self.text(failure)
        let isEdit = failure.blame == .template
        let update = quarantined(setback).map { [$0] } ?? []
        guard progress.isComplete else {
            let ready = !isEdit && planner.app.status.condition("Ready")?.isTrue == true
            let message = "\(pair) is put back on \(progress.updated) of \(progress.desired) pods; \(cause)"
            return [
                Condition("Ready", ready, reason: "RollingBack", message: message),
                Condition("Reconciling", true, reason: "RollingBack", message: message),
            ] + update
        }
        if isEdit {
            let message =
                "\(pair) runs on \(progress.available)/\(progress.desired) pods. The pod template as edited: \(cause)"
            return [
                Condition("Ready", false, reason: "RolledBack", message: message),
                Condition("Stalled", true, reason: "RolledBack", message: message),
            ]
        }
        let message = "\(pair) runs on \(progress.available)/\(progress.desired) pods; \(cause)"
        return [Condition("Ready", true, reason: "RolledBack", message: message)] + update
    }

    /// A release failed and there is nothing to put in its place, or nothing shall be.
    func failed(_ failure: ReleaseFailure, _ pair: String) -> [Condition] {
        let why =
            planner.app.spec.rollout.onFailure == .pause
            ? "spec.rollout.onFailure is Pause" : "no release ran before it"
        let message = "\(pair) failed: \(Self.text(failure)); it stays as it is, because \(why)"
        return [
            Condition("Ready", false, reason: "Failed", message: message),
            Condition("Stalled", true, reason: "Failed", message: message),
        ]
    }

    /// That something newer is there and is not tried again.
    func quarantined(_ setback: Setback) -> Condition? {
        guard let failure = setback.failed.failure, failure.blame != .template else { return nil }
        let release = setback.failed.release
        let what =
            switch failure.blame {
            case .code: "code \(release.code.tag)"
            case .model: "model \(release.model.version)"
            case .pair, .template: "code \(release.code.tag) with model \(release.model.version)"
            }
        let message =
            "\(what) failed and is not tried again until something newer comes or the annotation "
            + "\(Keys.unquarantine) names \(release.id): \(Self.text(failure))"
        return Condition("UpdateAvailable", true, reason: "Quarantined", message: message)
    }

    static func text(_ failure: ReleaseFailure) -> String { "\(failure.reason): \(failure.message)" }
}
