/// One way in which a release comes from a state into another.
public struct ReleaseTransition: Sendable, Hashable {
    /// The state before.
    public let from: ReleaseState
    /// The state after.
    public let to: ReleaseState
    /// What happened.
    public let event: String
    /// What is done about this release.
    public let action: Action

    /// What is done about a release: the reason that the step of a plan gives for writing its ControllerRevision.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// Another release or the status is written, this one is not.
        case none = "-"
        /// It is noted, and its pod template applied.
        case start = "new release"
        /// It is noted anew, and its pod template applied, byte for byte.
        case again = "release is applied again"
        /// The same, because the one after it failed or by the annotation: it stays the last that ran.
        case rollback = "rollback"
        /// It is noted that somebody put it back.
        case undo = "undo"
        /// That it ran on every pod is noted.
        case converged = "release converged"
        /// That it failed is noted, and whose fault it was.
        case failed = "release failed"
        /// The pod template that was noted is applied.
        case apply = "apply"
        /// It is forgotten.
        case prune = "delete"
    }

    init(_ from: ReleaseState, _ to: ReleaseState, _ event: String, _ action: Action = .none) {
        (self.from, self.to, self.event, self.action) = (from, to, event, action)
    }
}

/// All that can happen to a release. The tests compare it with what the planner does in random histories, in both
/// directions, and draw `docs/release-lifecycle.md` from it.
public enum ReleaseLifecycle {
    /// The table.
    public static let transitions: [ReleaseTransition] = [
        .init(.absent, .waiting, "it is the newest pair, and a gate or a hold is closed"),
        .init(.waiting, .absent, "something newer takes its place, or it is wanted no more"),
        .init(.absent, .progressing, "it is the newest pair and nothing holds it", .start),
        .init(.waiting, .progressing, "what held it opens, or `modelapp.dev/release-now` names it", .start),
        .init(.absent, .noted, "the same, and the process ends in between", .start),
        .init(.waiting, .noted, "the same, and the process ends in between", .start),
        .init(.noted, .progressing, "the next pass", .apply),
        .init(.progressing, .running, "every pod runs it", .converged),
        .init(
            .progressing,
            .failed,
            "its pods do not come up before the deadline, and nobody else is at fault",
            .failed
        ),
        .init(.progressing, .superseded, "another one is started"),
        .init(.failed, .running, "its pods come up after all, and nothing was there to go back to", .converged),
        .init(.failed, .rolledBack, "the last that ran is put back, or another one is started"),
        .init(.running, .past, "another one is started"),
        .init(.past, .running, "the one after it failed, or `modelapp.dev/rollback` names it", .rollback),
        .init(.past, .running, "the same, after the process ended in between", .apply),
        .init(.past, .progressing, "it is the newest pair again", .again),
        .init(.superseded, .progressing, "it is the newest pair again", .again),
        .init(.rolledBack, .progressing, "`modelapp.dev/unquarantine` names it, and it is the newest pair", .again),
        .init(.past, .noted, "it is the newest pair again, and the process ends in between", .again),
        .init(.superseded, .noted, "it is the newest pair again, and the process ends in between", .again),
        .init(.noted, .superseded, "another one is started"),
        .init(.past, .running, "somebody puts it back (`kubectl rollout undo`)"),
        .init(.superseded, .progressing, "somebody puts it back (`kubectl rollout undo`)"),
        .init(.rolledBack, .failed, "somebody puts it back (`kubectl rollout undo`)"),
        .init(.failed, .progressing, "that is noted, and it gets another try", .undo),
        .init(.progressing, .noted, "somebody puts an older one in its place"),
        .init(.rolledBack, .failed, "what somebody put in its place is drift", .apply),
        .init(.past, .absent, "the history is full", .prune),
        .init(.superseded, .absent, "the history is full", .prune),
        .init(.rolledBack, .absent, "the history is full, and what it is blamed for is not the newest", .prune),
    ]
}
