import JSON
public import KubernetesAPI
public import ModelAppAPI

/// How far the verification of a release has come; kept on its ControllerRevision, so that it outlives the operator.
public struct VerificationRecord: APIObject {
    /// What VerificationRecord is.
    public static let summary = "How far the verification of a release has come."
    /// The state.
    public var phase = Phase.running
    /// Which try it is, from 1.
    public var attempt: Int64 = 1
    /// When this try began, RFC 3339.
    public var startedAt = ""
    /// What the checks of this try came to, in order.
    public var results: [CheckResult] = []
    /// What the application or a job said where one failed.
    public var detail: String?
    /// Which step of a canary it is on, from 1; 0 while it has no traffic.
    public var step: Int64 = 0
    /// When every pod of the step was up, RFC 3339; nil before.
    public var reachedAt: String?

    /// A verification that begins.
    public init() {}

    /// The members.
    public static let fields = FieldTable<VerificationRecord>([
        .field("phase", \.phase, "The state.", required: true),
        .field("attempt", \.attempt, "Which try it is, from 1.", required: true),
        .field("startedAt", \.startedAt, "When this try began.", required: true),
        .field("results", \.results, "What the checks came to.", .maxItems(32)),
        .field("detail", \.detail, "What the application or a job said.", .maxLength(4096)),
        .field("step", \.step, "Which step of a canary it is on; 0 while it has no traffic."),
        .field("reachedAt", \.reachedAt, "When every pod of the step was up."),
    ])

    /// The states of a verification.
    public enum Phase: String, APIEnum {
        /// A candidate is started or checked.
        case running = "Running"
        /// Every check passed, and the release has no traffic yet.
        case passed = "Passed"
        /// It does not get any.
        case failed = "Failed"
        /// It got it.
        case released = "Released"
    }
}

extension StoredRelease {
    /// The annotation that holds how far a verification has come, as JSON.
    public static let verificationAnnotation = "modelapp.dev/verification"

    /// Whether it never had traffic: the Deployment did not carry it yet.
    var isCandidate: Bool { verification.map { $0.phase != .released } ?? false }
}

extension Observation {
    /// Whether a candidate is being verified, so that its Deployment and its pods have to be looked at.
    public var isVerifying: Bool { newestFirst.first?.verification?.phase == .running }
}
