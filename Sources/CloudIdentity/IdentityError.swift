/// Why there is no credential.
public struct IdentityError: Error, Sendable, CustomStringConvertible {
    /// The kinds that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case configuration
            case refused
            case throttled
            case unavailable
            case malformedAnswer
            case cancelled
        }
        private let value: Value
        /// Something is missing or malformed in what the identity was described by.
        public static let configuration = Code(value: .configuration)
        /// The cloud knows the request and refuses it: a wrong secret, no trust, no such identity.
        public static let refused = Code(value: .refused)
        /// The cloud asks to slow down.
        public static let throttled = Code(value: .throttled)
        /// The cloud cannot be reached, or fails.
        public static let unavailable = Code(value: .unavailable)
        /// The answer is not what the cloud's documentation says.
        public static let malformedAnswer = Code(value: .malformedAnswer)
        /// The asker was cancelled.
        public static let cancelled = Code(value: .cancelled)
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong and what to do. Holds no credential and nothing of an answer's body but documented error codes.
    public var message: String
    /// When the cloud asks to come back.
    public var retryAfter: Duration?

    /// An error of its parts.
    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// Whether the same request may succeed later, with nobody acting.
    var isTransient: Bool { code == .throttled || code == .unavailable }

    /// The message.
    public var description: String { message }
}
