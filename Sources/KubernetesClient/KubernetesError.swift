public import KubernetesAPI

/// A request to an API server that failed.
public struct KubernetesError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case transport
            case api
            case decoding
            case timeout
            case cancelled
            case invalidRequest
            case configuration
        }
        private let value: Value
        /// The connection failed.
        public static let transport = Code(value: .transport)
        /// The server refused; `status` says why.
        public static let api = Code(value: .api)
        /// The answer could not be read.
        public static let decoding = Code(value: .decoding)
        /// No answer in time.
        public static let timeout = Code(value: .timeout)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)
        /// The request cannot be sent as it is.
        public static let invalidRequest = Code(value: .invalidRequest)
        /// The cluster's configuration or credential cannot be used.
        public static let configuration = Code(value: .configuration)
    }

    /// The kind of failure.
    public var code: Code
    /// What happened, without credentials.
    public var message: String
    /// What the server said, where it said something.
    public var status: KubernetesStatus?
    /// When the server asks to come back.
    public var retryAfter: Duration?
    /// The cause.
    public var underlying: (any Error)?

    /// An error of its parts.
    public init(
        _ code: Code,
        _ message: String,
        status: KubernetesStatus? = nil,
        retryAfter: Duration? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.retryAfter = retryAfter
        self.underlying = underlying
    }

    /// The message.
    public var description: String { message }

    /// The object does not exist.
    public var isNotFound: Bool { status?.isNotFound ?? false }
    /// The object changed since it was read, or a field has another manager.
    public var isConflict: Bool { status?.isConflict ?? false }
    /// The object exists already.
    public var isAlreadyExists: Bool { status?.isAlreadyExists ?? false }
    /// The resource version or continue token is too old.
    public var isExpired: Bool { status?.isExpired ?? false }
    /// The resource version lies in the server's future.
    public var isTooLargeResourceVersion: Bool { status?.isTooLargeResourceVersion ?? false }
    /// The server asks to slow down.
    public var isThrottled: Bool { status?.isThrottled ?? false }
    /// The credential may not do this.
    public var isForbidden: Bool { status?.isForbidden ?? false }
    /// The object is not valid.
    public var isInvalid: Bool { status?.isInvalid ?? false }
}
