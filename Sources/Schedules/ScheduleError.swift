/// A schedule or a time zone that does not follow its grammar.
///
/// The fault of a written text: the same text fails the same way again.
public struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of text was malformed.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case cron
            case timeZone
            case window
        }
        private let value: Value
        /// A cron expression.
        public static let cron = Code(value: .cron)
        /// A time zone or the data of one.
        public static let timeZone = Code(value: .timeZone)
        /// A window or a blackout.
        public static let window = Code(value: .window)
    }

    /// What kind of text was malformed.
    public var code: Code
    /// What is wrong and what was expected, for the person who wrote the text.
    public var message: String

    /// An error with its message.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
