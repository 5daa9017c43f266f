/// Why a scan failed.
struct ScanFailure: Error, Sendable, Hashable {
    /// The part of a spec that a failure is about. One scan serves several ModelApps, each of which may say the same in
    /// another field; who asks adds the path.
    enum Aspect: Sendable, Hashable {
        /// The repository, bucket or container.
        case place
        /// The way to it: host, port, scheme.
        case endpoint
        /// The keys.
        case credentials
        /// The roots of trust.
        case trust
    }

    /// How much else a failure holds back.
    enum Reach: Sendable, Hashable {
        /// What was asked for.
        case subject
        /// Everything on that host that is asked for with the same credential: it asked for fewer requests.
        case credential
        /// Everything on that host: it could not be reached.
        case host
    }

    /// One CamelCase word for programs.
    var reason: String
    /// For people; holds no credential and no body from outside. Begins with the field where `aspect` is nil.
    var message: String
    /// Which field it is about, where the message does not say.
    var aspect: Aspect?
    /// When the server asks to come back.
    var retryAfter: Duration?
    /// Whether the asker was cancelled, which says nothing about the source.
    var isCancelled = false
    /// Whether the source refused the credential: the Secret is read again.
    var isRefusal = false
    /// Whether only an edit of the spec can help.
    var isTerminal = false
    /// Whether the same again may succeed with nothing changed by anybody.
    var isTransient = false
    /// Whether what Secrets hold may be the cause, so that they are read again before the next attempt: a correction then
    /// counts at once.
    var concernsSecrets: Bool {
        isRefusal || aspect == .credentials || aspect == .trust
            || ["InvalidSecret", "EndpointRefused", Self.unverified].contains(reason)
    }
    /// The reason where candidates are there and are not signed as they should be.
    static let unverified = "VerificationFailed"
    /// How much else it holds back.
    var reach = Reach.subject
    /// Whether nothing was asked, because the host is being left alone.
    var isDeferred = false
    /// When the scan may begin, where nothing was asked for want of a turn in the budget: no fault of anybody.
    var postponedUntil: ContinuousClock.Instant?

    /// A scan that may begin at `until`.
    static func postponed(until: ContinuousClock.Instant) -> ScanFailure {
        ScanFailure(
            reason: "Postponed",
            message: "the host has had as many requests as --upstream-qps allows; the scan has a turn and waits for it",
            aspect: .endpoint,
            postponedUntil: until
        )
    }
}
