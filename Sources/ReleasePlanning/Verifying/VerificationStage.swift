/// Where a release is on its way to all of the traffic, where it is verified or comes up beside the one that runs.
public enum VerificationStage: String, Sendable, Hashable, CaseIterable {
    /// It is not on its way.
    case absent = "Absent"
    /// It comes up and is checked, without traffic.
    case beside = "Beside"
    /// It is a canary with a share of the traffic.
    case sharing = "Sharing"
    /// Nothing is left but to send all of the traffic there.
    case passed = "Passed"
    /// It gets none.
    case failed = "Failed"
    /// It got all of it.
    case released = "Released"
}

extension StoredRelease {
    /// Where it is on its way.
    public var stage: VerificationStage {
        guard let record = verification else { return .absent }
        switch record.phase {
        case .running: return record.step > 0 ? .sharing : .beside
        case .passed: return .passed
        case .failed: return .failed
        case .released: return .released
        }
    }
}

/// All ways from one stage into another. The tests compare it with what the planner does in random histories, and draw
/// `docs/release-lifecycle.md` from it.
public struct VerificationTransition: Sendable, Hashable {
    /// The stage before.
    public let from: VerificationStage
    /// The stage after.
    public let to: VerificationStage
    /// What happened.
    public let event: String

    private init(_ from: VerificationStage, _ to: VerificationStage, _ event: String) {
        (self.from, self.to, self.event) = (from, to, event)
    }

    /// The table.
    public static let all: [VerificationTransition] = [
        .init(.absent, .beside, "nothing holds it, and it is to be checked or to come up in a second slot"),
        .init(.beside, .passed, "it is up, and every check passed"),
        .init(.beside, .sharing, "the same, and it is a canary: the Service selects both slots"),
        .init(.beside, .failed, "a check failed, or it does not come up by its own fault, as often as `attempts` says"),
        .init(.sharing, .passed, "the checks of the last step passed"),
        .init(.sharing, .failed, "a check failed or its pods are lost, as often as `attempts` says"),
        .init(.sharing, .beside, "the same, and it has another try; or something else was tried meanwhile"),
        .init(.passed, .released, "the next pass: all traffic goes there"),
        .init(.passed, .beside, "its second slot was taken from it before that"),
        .init(.failed, .beside, "`modelapp.dev/unquarantine` names it, or it is wanted again"),
        .init(.released, .beside, "another one ran since, and it is the newest again"),
        .init(.beside, .released, "its checks are taken out of the spec, and the strategy has one slot"),
        .init(.sharing, .released, "the same"),
        .init(.failed, .released, "the same"),
        .init(.beside, .absent, "the history is full"),
        .init(.sharing, .absent, "the history is full"),
        .init(.passed, .absent, "the history is full"),
        .init(.failed, .absent, "the history is full"),
        .init(.released, .absent, "the history is full"),
    ]
}
