import HTTPTransport

/// Why a store did not do what it was asked.
///
/// The message says where, what and what to do about it. It never holds a credential, a query string or text of a body:
/// of an answer only the error code appears, and only where it has the form of one.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String, Sendable, Hashable {
            case configuration
            case unauthorized
            case denied
            case containerNotFound
            case objectNotFound
            case preconditionFailed
            case archived
            case rejected
            case throttled
            case unavailable
            case malformedAnswer
            case tooLarge
            case endpointRefused
            case transport
            case cancelled
        }
        private let value: Value
        /// A name, key, endpoint or credential is not well formed; nothing was sent.
        public static let configuration = Code(value: .configuration)
        /// The store does not accept the credentials: wrong, expired, or signed with a wrong clock.
        public static let unauthorized = Code(value: .unauthorized)
        /// The credentials are good and not allowed to do this.
        public static let denied = Code(value: .denied)
        /// There is no such bucket, container or account.
        public static let containerNotFound = Code(value: .containerNotFound)
        /// There is no such object; only from reads, a head of an absent object is nil.
        public static let objectNotFound = Code(value: .objectNotFound)
        /// The bytes the condition named are no longer there: overwritten or deleted.
        public static let preconditionFailed = Code(value: .preconditionFailed)
        /// The object lies in an archive tier and cannot be read before it is restored.
        public static let archived = Code(value: .archived)
        /// The store refuses the request as it stands, a range outside the object for instance.
        public static let rejected = Code(value: .rejected)
        /// Too many requests, also after the policy's retries; see `retryAfter`.
        public static let throttled = Code(value: .throttled)
        /// The store failed (5xx), also after the policy's retries.
        public static let unavailable = Code(value: .unavailable)
        /// The answer is not what the protocol says: no XML, a repeated marker, a wrong length.
        public static let malformedAnswer = Code(value: .malformedAnswer)
        /// An answer or a listing is larger than allowed.
        public static let tooLarge = Code(value: .tooLarge)
        /// The endpoint may not get the credentials, or answered with a redirect.
        public static let endpointRefused = Code(value: .endpointRefused)
        /// The network failed, also after the policy's retries.
        public static let transport = Code(value: .transport)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)

        /// The code's name.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// Where, what, and what to do about it.
    public var message: String
    /// How long the store asks to wait, where it said so.
    public var retryAfter: Duration?
    /// The error code of the store, `AccessDenied` or `BlobNotFound` for instance, where it sent one.
    public var serverCode: String?
    /// What caused it.
    public var underlying: (any Error)?

    /// An error of its parts.
    public init(
        _ code: Code,
        _ message: String,
        retryAfter: Duration? = nil,
        serverCode: String? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.serverCode = serverCode
        self.underlying = underlying
    }

    /// Whether the same request may succeed later with nothing changed by anybody. A certificate that is not trusted
    /// stays so.
    public var isTransient: Bool {
        if let failure = underlying as? HTTPTransportError, failure.code == .tls { return false }
        return [.throttled, .unavailable, .transport].contains(code)
    }

    /// Whether new credentials may help: worth one fresh look at the Secret or one new token.
    public var isAboutCredentials: Bool { code == .unauthorized || code == .denied }

    /// The message.
    public var description: String { message }
}
