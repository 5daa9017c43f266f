import Artifacts

/// What keeps a pair from being released, and until when.
struct ReleaseHold: Sendable, Hashable {
    /// One CamelCase word for programs: `Window`, `Blackout`, `Approval`, `ApprovalExpired`, `After`, `Compatibility`,
    /// `VerificationFailed`.
    var gate: String
    /// For people.
    var message: String
    /// When the gate opens by itself, or its request ends; nil where only somebody's act helps.
    var until: Timestamp?

    /// The reason in a condition.
    var reason: String { gate == Self.expired || gate == Self.unverified ? gate : "WaitingFor\(gate)" }

    /// The gate of a request for approval that nobody answered in time.
    static let expired = "ApprovalExpired"
    /// The gate of a release whose checks failed, where `onFailure` is `Pause`.
    static let unverified = "VerificationFailed"
}

extension [ReleaseHold] {
    /// All that is said, for people.
    var text: String { map(\.message).joined(separator: "; ") }

    /// When the next of them changes by time alone.
    func next(after now: Timestamp) -> Timestamp? { compactMap(\.until).filter { $0 > now }.min() }
}
