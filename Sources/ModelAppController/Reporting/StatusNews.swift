import KubernetesAPI
import KubernetesRuntime
import ModelAppAPI

/// What a change of a status tells (E9): pure, so that the same change always makes the same events.
///
/// A status is written when it says something new, and on the version that was read; so each change is seen once. One
/// that was lost is seen as new: then the newest release is announced again.
struct StatusNews: Sendable, Hashable {
    /// One event.
    struct Item: Sendable, Hashable {
        var rule: EventRule
        var reason: String
        var note: String
        /// The id of the release that it is about; events about different releases are different events (E2).
        var release: String?
        var type: EventType { rule.type(reason: reason) }
    }

    /// The events, in the order in which they are written.
    private(set) var items: [Item] = []
    /// The cause of a release that began.
    private(set) var started: String?
    /// The cause of a release that came to run everywhere.
    private(set) var converged: String?

    init(from old: ModelAppStatus, to new: ModelAppStatus) {
        release(old, new)
        let changes = new.conditions.changes(since: old.conditions)
        for type in ["CodeResolved", "ModelResolved", "Stalled", "FieldsOwned", "UpdateAvailable", "Ready"] {
            guard let condition = changes.first(where: { $0.type == type }) else { continue }
            add(condition, before: old.condition(type))
        }
    }

    private mutating func release(_ old: ModelAppStatus, _ new: ModelAppStatus) {
        guard let entry = new.history.first else { return }
        let before = old.history.first { $0.id == entry.id && $0.at == entry.at }
        let what = "code \(entry.code) + model \(entry.model) (release \(entry.id))"
        if entry.result == "Verifying" {
            if before == nil { add(.verificationStarted, "\(what): \(entry.cause)", entry.id) }
            return
        }
        // What never got traffic has neither begun nor converged.
        if before?.result == "Verifying" || entry.result == "Verified" {
            if entry.result == "Failed" { add(.verificationFailed, what, entry.id) }
            return
        }
        if before == nil {
            started = entry.cause
            add(.releaseStarted, "\(what): \(entry.cause)", entry.id)
        }
        if entry.result == "Converged", before?.result != "Converged" {
            converged = entry.cause
            let time = entry.tookSeconds.map { " after \($0) s" } ?? ""
            add(.releaseConverged, what + time, entry.id)
        }
    }

    private mutating func add(_ rule: EventRule, _ note: String, _ release: String) {
        items.append(Item(rule: rule, reason: rule.reason ?? "", note: note, release: release))
    }

    private mutating func add(_ condition: Condition, before: Condition?) {
        guard let rule = rule(condition, before) else { return }
        let reason = rule.reason ?? condition.reason
        // A cause that shows in several conditions is told once, by the first.
        guard !items.contains(where: { $0.reason == reason }) else { return }
        items.append(Item(rule: rule, reason: reason, note: condition.message))
    }

    private func rule(_ condition: Condition, _ before: Condition?) -> EventRule? {
        let isBack = condition.isTrue && before?.status == "False"
        switch (condition.type, condition.status) {
        case ("CodeResolved", "False"): return .codeUnresolved
        case ("CodeResolved", "True"): return isBack ? .codeResolved : nil
        case ("ModelResolved", "False"): return .modelUnresolved
        case ("ModelResolved", "True"): return isBack ? .modelResolved : nil
        case ("Stalled", "True"): return .stalled
        case ("FieldsOwned", "False"): return .fieldsLost
        case ("UpdateAvailable", "True"): return .updateWaits
        // A rollout is told by its release.
        case ("Ready", _) where condition.reason == "Progressing": return nil
        case ("Ready", "True"): return converged == nil && before?.reason != "Progressing" ? .ready : nil
        case ("Ready", "False"): return .notReady
        default: return nil
        }
    }
}
