/// JSON that cannot be read, or that does not have the shape its reader expects.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public var message: String
    /// How many bytes were read before it.
    public var offset: Int
    /// The members and indexes that lead to the place, outermost first; array indexes are written `[3]`.
    public var path: [String]

    /// An error at `offset`.
    public init(_ message: String, offset: Int = 0, path: [String] = []) {
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// The path as people write it: `spec.template.containers[0].image`.
    public var field: String {
        path.reduce(into: "") { text, step in text += text.isEmpty || step.hasPrefix("[") ? step : "." + step }
    }

    /// The message with the field, where there is one.
    public var description: String { path.isEmpty ? "\(message) (at byte \(offset))" : "\(field): \(message)" }

    /// The same error seen from one level further out.
    public func inside(_ step: String) -> JSONError {
        JSONError(message, offset: offset, path: [step] + path)
    }
}
