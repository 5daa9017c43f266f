/// What a selection came to.
public struct SelectionOutcome: Sendable, Hashable {
    /// A candidate that counts.
    public struct Ranked: Sendable, Hashable {
        /// The candidate as it was listed.
        public var candidate: Candidate
        /// What was compared: what the filter extracted, else the name.
        public var value: String
    }

    /// A candidate that does not count, and why.
    public struct Rejected: Sendable, Hashable {
        /// Its name as it was listed.
        public var name: String
        /// Why it does not count.
        public var reason: Rejection

        /// A rejected candidate.
        public init(name: String, reason: Rejection) {
            self.name = name
            self.reason = reason
        }

        /// The reason as a whole sentence.
        public var sentence: String { "\(name.withoutControls) \(reason.sentence)." }
    }

    /// Candidates that the policy cannot tell apart.
    public struct Tie: Sendable, Hashable {
        /// Their names, in the order in which they were ranked.
        public var names: [String]
    }

    /// What became of the running version.
    public enum Running: Sendable, Hashable {
        /// Nothing runs.
        case none
        /// It is listed and bounds the choice from below.
        case listed
        /// The spec no longer wants it, for this reason; an older one may follow.
        case rejectedBySpec(Rejection)
        /// `pin` overrules it.
        case pinned
        /// It is gone, and stays, because `onMissing` is `Keep`.
        case missingKept
        /// It is gone, and stays until this many more listings confirm that.
        case missingUnconfirmed(remaining: Int)
        /// It is gone for good; an older one may follow, because `onMissing` is `Downgrade`.
        case missingDowngrade

        /// A sentence for the status where there is something to say.
        public func sentence(name: String) -> String? {
            switch self {
            case .none, .listed, .pinned: nil
            case .rejectedBySpec(let reason): "The running \(name.quoted) \(reason.sentence)."
            case .missingKept: "The running \(name.quoted) is gone from its source and is kept (onMissing: Keep)."
            case .missingUnconfirmed(let remaining):
                "The running \(name.quoted) is not listed; \(remaining) more listing(s) must confirm that."
            case .missingDowngrade: "The running \(name.quoted) is gone from its source (onMissing: Downgrade)."
            }
        }
    }

    /// The candidates that count, the newest first: the planner walks down this list. It includes the running
    /// version where that counts.
    public var ranked: [Ranked]
    /// All others, in the order in which they were listed.
    public var rejected: [Rejected]
    /// Groups of ranked candidates that only the tie-break tells apart.
    public var ties: [Tie]
    /// What became of the running version.
    public var running: Running
    /// When time alone may make another candidate count; nil if it cannot.
    public var lookAgainAt: UnixMilliseconds?

    /// Whether a candidate was left out because it is not signed as it should be.
    public var hasUnverified: Bool {
        rejected.contains { if case .unverified = $0.reason { true } else { false } }
    }

    /// The first rejected candidates, those that fail verification before others, as sentences.
    public var examples: String {
        let unverified = rejected.filter { if case .unverified = $0.reason { true } else { false } }
        let others = rejected.filter { if case .unverified = $0.reason { false } else { true } }
        return (unverified + others).prefix(3).map(\.sentence).joined(separator: " ")
    }

    /// Why every candidate but `chosen` is not taken: `rejected`, what `because` says of those that were tried and
    /// found wanting on the way down the list, and `superseded` for those below. With no choice only the first two.
    public func explanation(choosing chosen: String?, because: [String: Rejection] = [:]) -> [Rejected] {
        var all = rejected
        var isBelow = false
        for entry in ranked {
            let name = entry.candidate.name
            if name == chosen {
                isBelow = true
            } else if let reason = because[name] {
                all.append(Rejected(name: name, reason: reason))
            } else if isBelow, let chosen {
                all.append(Rejected(name: name, reason: .superseded(by: chosen)))
            }
        }
        return all
    }
}
