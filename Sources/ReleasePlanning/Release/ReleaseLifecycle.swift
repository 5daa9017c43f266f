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
        .init(.absent, .noted, "it is the newest pair, nothing holds it, and the process ends midway", .start),
        .init(.waiting, .noted, "what held it opens, and the process ends midway", .start),
        .init(.absent, .progressing, "it is the newest pair and nothing holds it", .start),
        .init(.waiting, .progressing, "what held it opens, or the annotation release-now names it", .start),
        .init(.noted, .progressing, "the next pass", .apply),
    ]

    /// Whether a release may come from a state into another.
    public static func allows(_ from: ReleaseState, _ to: ReleaseState) -> Bool {
        from == to || transitions.contains { $0.from == from && $0.to == to }
    }
}
