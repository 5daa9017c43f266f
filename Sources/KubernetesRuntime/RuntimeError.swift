/// A failure of this module.
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case syncTimeout
            case cancelled
        }
        private let value: Value
        /// A store was not filled in time.
        public static let syncTimeout = Code(value: .syncTimeout)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)
    }

    /// The kind of failure.
    public var code: Code
    /// What happened.
    public var message: String

    /// An error with its message.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
