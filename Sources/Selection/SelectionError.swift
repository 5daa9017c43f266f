/// A rule or a name that does not follow its grammar.
///
/// Everything here is the fault of a written text (a pattern, a glob, a range, a pointer): the same text fails the
/// same way again, so a caller reports it and does not retry.
public struct SelectionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of text was malformed.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case pattern
            case template
            case glob
            case range
            case prefix
            case pointer
            case manifest
            case tooMany
        }
        private let value: Value
        /// A regular expression.
        public static let pattern = Code(value: .pattern)
        /// The `extract` template of a filter.
        public static let template = Code(value: .template)
        /// A glob of `includeFiles` or `excludeFiles`.
        public static let glob = Code(value: .glob)
        /// A range of semantic versions.
        public static let range = Code(value: .range)
        /// A key prefix or the name of an object.
        public static let prefix = Code(value: .prefix)
        /// The text of a pointer object.
        public static let pointer = Code(value: .pointer)
        /// The entries of a manifest of files.
        public static let manifest = Code(value: .manifest)
        /// More objects or versions than are held.
        public static let tooMany = Code(value: .tooMany)
    }

    /// What kind of text was malformed.
    public var code: Code
    /// What is wrong and what was expected, for the person who wrote the text. Names the position where there is one.
    public var message: String
    /// Where the offending construct starts, in UTF-8 bytes from the start of the text, where that is known.
    public var position: Int?

    /// An error with its message; `position` is appended to the message.
    public init(_ code: Code, _ message: String, at position: Int? = nil) {
        self.code = code
        self.message = position.map { "\(message), at byte \($0)" } ?? message
        self.position = position
    }

    /// The message.
    public var description: String { message }
}

/// The error of a regular expression: code `.pattern`, and always with a position.
public typealias PatternError = SelectionError
