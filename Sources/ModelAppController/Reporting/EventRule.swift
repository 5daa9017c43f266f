public import KubernetesRuntime

/// What is worth an event: the rows of docs/reference/events.md, which a test holds equal to this list.
public enum EventRule: String, Sendable, Hashable, CaseIterable {
    case verificationStarted
    case verificationFailed
    case releaseStarted
    case releaseConverged
    case codeUnresolved
    case codeResolved
    case modelUnresolved
    case modelResolved
    case stalled
    case fieldsLost
    case updateWaits
    case ready
    case notReady

    /// When the event is written, for people.
    public var occasion: String {
        switch self {
        case .verificationStarted: "A release began to be verified, without traffic."
        case .verificationFailed: "A check before traffic failed, or the candidate did not become ready."
        case .releaseStarted: "A release began to roll out."
        case .releaseConverged: "A release runs on every pod."
        case .codeUnresolved: "`CodeResolved` became False, or its reason changed."
        case .codeResolved: "`CodeResolved` became True again."
        case .modelUnresolved: "`ModelResolved` became False, or its reason changed."
        case .modelResolved: "`ModelResolved` became True again."
        case .stalled: "`Stalled` became True, or its reason changed."
        case .fieldsLost: "`FieldsOwned` became False, or its reason changed."
        case .updateWaits: "`UpdateAvailable` became True, or its reason changed."
        case .ready: "`Ready` became True, other than by a release."
        case .notReady: "`Ready` became False, or its reason changed, other than by a rollout."
        }
    }

    /// The reason of the event; nil for that of the condition.
    public var reason: String? {
        switch self {
        case .verificationStarted: "VerificationStarted"
        case .verificationFailed: "VerificationFailed"
        case .releaseStarted: "ReleaseStarted"
        case .releaseConverged: "ReleaseConverged"
        case .codeResolved: "CodeResolved"
        case .modelResolved: "ModelResolved"
        case .codeUnresolved, .modelUnresolved, .stalled, .fieldsLost, .updateWaits, .ready, .notReady: nil
        }
    }

    /// What the operator was about.
    public var action: String {
        switch self {
        case .verificationStarted, .verificationFailed: "Verify"
        case .releaseStarted, .releaseConverged: "Release"
        case .codeUnresolved, .codeResolved: "ResolveCode"
        case .modelUnresolved, .modelResolved: "ResolveModel"
        case .stalled, .fieldsLost, .updateWaits, .ready, .notReady: "Reconcile"
        }
    }

    /// Whether the event needs attention. What the course of things brings is `Normal`, whatever its condition says.
    public func type(reason: String) -> EventType {
        switch self {
        case .verificationStarted, .releaseStarted, .releaseConverged, .codeResolved, .modelResolved, .updateWaits,
            .ready:
            .normal
        case .verificationFailed: .warning
        case .codeUnresolved, .modelUnresolved, .stalled, .fieldsLost, .notReady:
            Self.expected.contains(reason) ? .normal : .warning
        }
    }

    /// Reasons of conditions that are False in the course of things.
    public static let expected: Set<String> = [
        "Canary", "Incomplete", "Suspended", "Verifying", "WaitingForAfter", "WaitingForApproval",
        "WaitingForBlackout", "WaitingForCompatibility", "WaitingForWindow",
    ]
}
