/// Why leadership was not gained, or how it ended.
public struct LeaderElectionError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case invalidConfiguration
            case lost
            case workFailed
            case cancelled
        }
        private let value: Value
        /// The timing or the identity cannot work.
        public static let invalidConfiguration = Code(value: .invalidConfiguration)
        /// The lease was not renewed in time, or somebody else holds it. The process has to end.
        public static let lost = Code(value: .lost)
        /// The work threw; see `underlying`.
        public static let workFailed = Code(value: .workFailed)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)
    }

    /// The kind of failure.
    public var code: Code
    /// What happened.
    public var message: String
    /// The cause.
    public var underlying: (any Error)?

    /// An error of its parts.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The message.
    public var description: String { message }
}
