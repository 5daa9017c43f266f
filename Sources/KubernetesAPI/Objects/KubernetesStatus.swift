import JSON

/// What an API server answers instead of an object (`metav1.Status`).
public struct KubernetesStatus: APIObject {
    /// `Success` or `Failure`.
    public var status = ""
    /// For people.
    public var message = ""
    /// For programs: `NotFound`, `Conflict`, `Expired`.
    public var reason = ""
    /// The HTTP status code.
    public var code: Int64 = 0
    /// More about the failure.
    public var details: Details?

    /// More about a failure.
    public struct Details: APIObject {
        /// What is wrong with which member.
        public var causes: [Cause] = []
        /// After how many seconds to try again.
        public var retryAfterSeconds: Int64 = 0

        /// No details.
        public init() {}
        /// What Details is.
        public static let summary = "More about a failure."
        /// The members.
        public static let fields = FieldTable<Details>([
            .field("causes", \.causes, "What is wrong with which member."),
            .field("retryAfterSeconds", \.retryAfterSeconds, "After how many seconds to try again."),
        ])
    }

    /// One thing that is wrong.
    public struct Cause: APIObject {
        /// For programs: `FieldManagerConflict`.
        public var reason = ""
        /// For people.
        public var message = ""
        /// The member.
        public var field = ""

        /// An empty cause.
        public init() {}
        /// What Cause is.
        public static let summary = "One thing that is wrong."
        /// The members.
        public static let fields = FieldTable<Cause>([
            .field("field", \.field, "The member."),
            .field("message", \.message, "For people."),
            .field("reason", \.reason, "For programs."),
        ])
    }

    /// An empty status.
    public init() {}

    /// A failure.
    public init(code: Int64, reason: String, message: String) {
        status = "Failure"
        self.code = code
        self.reason = reason
        self.message = message
    }

    /// What Status is.
    public static let summary = "The result of a request that returns no object."

    /// The members.
    public static let fields = FieldTable<KubernetesStatus>([
        .field("code", \.code, "The HTTP status code."),
        .field("details", \.details, "More about the failure."),
        .field("message", \.message, "For people."),
        .field("reason", \.reason, "For programs."),
        .field("status", \.status, "Success or Failure."),
    ])

    // The reason counts, the code only where the reason is unknown (kube-core `Status::reason_or_code`).
    private static let knownReasons: Set<String> = [
        "Unauthorized", "Forbidden", "NotFound", "AlreadyExists", "Conflict", "Gone", "Invalid", "ServerTimeout",
        "StoreReadError", "Timeout", "TooManyRequests", "BadRequest", "MethodNotAllowed", "NotAcceptable",
        "RequestEntityTooLarge", "UnsupportedMediaType", "InternalError", "Expired", "ServiceUnavailable",
    ]

    private func matches(_ reasons: Set<String>, _ codes: Set<Int64>) -> Bool {
        reasons.contains(reason) || (!Self.knownReasons.contains(reason) && codes.contains(code))
    }

    /// The object does not exist.
    public var isNotFound: Bool { matches(["NotFound"], [404]) }
    /// The object changed since it was read, or a field has another manager.
    public var isConflict: Bool { matches(["Conflict"], [409]) }
    /// The object exists already.
    public var isAlreadyExists: Bool { reason == "AlreadyExists" }
    /// The resource version or continue token is too old.
    public var isExpired: Bool { matches(["Expired", "Gone"], [410]) }
    /// The server asks to slow down.
    public var isThrottled: Bool { matches(["TooManyRequests"], [429]) }
    /// The credential may not do this.
    public var isForbidden: Bool { matches(["Forbidden"], [403]) }
    /// The credential is not accepted.
    public var isUnauthorized: Bool { matches(["Unauthorized"], [401]) }
    /// The object is not valid.
    public var isInvalid: Bool { matches(["Invalid"], [422]) }
    /// The resource version lies in the future of this server (client-go `isTooLargeResourceVersionError`: by cause,
    /// and by message for servers that name no cause).
    public var isTooLargeResourceVersion: Bool {
        if details?.causes.contains(where: { $0.reason == "ResourceVersionTooLarge" }) == true { return true }
        return matches(["Timeout"], [504]) && message.hasPrefix("Too large resource version")
    }
}
