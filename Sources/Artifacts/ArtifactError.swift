/// A name or digest that does not follow its grammar.
public struct ArtifactError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of name was malformed.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case digest
            case reference
            case platform
            case timestamp
            case duration
        }
        private let value: Value
        /// A content digest.
        public static let digest = Code(value: .digest)
        /// An image reference.
        public static let reference = Code(value: .reference)
        /// A platform such as `linux/amd64`.
        public static let platform = Code(value: .platform)
        /// A point in time.
        public static let timestamp = Code(value: .timestamp)
        /// A length of time.
        public static let duration = Code(value: .duration)
    }

    /// What kind of name was malformed.
    public var code: Code
    /// What is wrong and what was expected, for the person who wrote the name.
    public var message: String

    /// An error with its message.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
