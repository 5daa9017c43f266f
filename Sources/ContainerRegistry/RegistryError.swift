import HTTPTransport

/// Why a registry could not be read.
///
/// Messages are for operators: they name the registry and what to do, and hold no credential, no query string and
/// nothing of a body from outside.
public struct RegistryError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String, Sendable, Hashable {
            case unauthorized
            case denied
            case notFound
            case rateLimited
            case unavailable
            case tooManyTags
            case unexpectedMediaType
            case digestMismatch
            case malformedAnswer
            case tooLarge
            case insecure
            case credential
            case rejected
            case uploadLost
            case transport
            case cancelled
        }
        private let value: Value
        /// The registry or its token server wants other credentials, or some at all.
        public static let unauthorized = Code(value: .unauthorized)
        /// The credentials are known but may not read this repository.
        public static let denied = Code(value: .denied)
        /// No such repository, manifest or blob, where that is not a value.
        public static let notFound = Code(value: .notFound)
        /// The registry asks to slow down; `retryAfter` says for how long, where it was told.
        public static let rateLimited = Code(value: .rateLimited)
        /// The registry or its blob store failed, also after the retries.
        public static let unavailable = Code(value: .unavailable)
        /// More tags than the limit, or than the registry lists.
        public static let tooManyTags = Code(value: .tooManyTags)
        /// A manifest of a type that is not read here.
        public static let unexpectedMediaType = Code(value: .unexpectedMediaType)
        /// Content that is not what its digest says.
        public static let digestMismatch = Code(value: .digestMismatch)
        /// An answer that is not one of a registry, a web page for instance.
        public static let malformedAnswer = Code(value: .malformedAnswer)
        /// An answer larger than its limit.
        public static let tooLarge = Code(value: .tooLarge)
        /// A realm, redirect or page that must not be followed.
        public static let insecure = Code(value: .insecure)
        /// The configured credential cannot be used: malformed, or its source failed.
        public static let credential = Code(value: .credential)
        /// Any other status of refusal.
        public static let rejected = Code(value: .rejected)
        /// An upload cannot go on where it stopped; it may begin anew.
        public static let uploadLost = Code(value: .uploadLost)
        /// The network failed: see `underlying`.
        public static let transport = Code(value: .transport)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)

        /// The name of the code.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What happened and what to do.
    public var message: String
    /// The status of the answer, where there was one.
    public var status: Int?
    /// The code in the registry's error document, such as `MANIFEST_UNKNOWN`; only capitals, digits and `_`.
    public var registryCode: String?
    /// How long the registry asks to wait.
    public var retryAfter: Duration?
    /// The cause, where another error was it.
    public var underlying: (any Error)?

    /// An error with its message.
    public init(
        _ code: Code,
        _ message: String,
        status: Int? = nil,
        registryCode: String? = nil,
        retryAfter: Duration? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.registryCode = registryCode
        self.retryAfter = retryAfter
        self.underlying = underlying
    }

    /// Whether the same call may succeed later without anybody acting.
    public var isTransient: Bool {
        if code == .transport, let cause = underlying as? HTTPTransportError {
            return ![.tls, .refusedAddress, .invalidRequest].contains(cause.code)
        }
        return [.rateLimited, .unavailable, .transport].contains(code)
    }

    /// Whether another credential may help.
    public var isRefusal: Bool { code == .unauthorized || code == .denied }

    /// The message.
    public var description: String { message }
}
