/// A JSON value that is kept as the text it was read from, and parsed whenever it is looked at.
///
/// A parsed pod template takes five times the memory of its text. What is stored ten thousand times and looked at one
/// by one is kept like this. Two texts are equal if their values are.
public struct JSONText: Sendable {
    /// Always one valid JSON value.
    public let bytes: [UInt8]

    /// The text of a value.
    public init(_ value: JSONValue) { bytes = value.canonicalBytes }

    init(valid bytes: [UInt8]) { self.bytes = bytes }

    /// The value; parses the text.
    public var value: JSONValue {
        // The text was checked when it was read, or written by us: parsing it cannot fail.
        (try? JSONValue(parsing: bytes)) ?? .null
    }
}

extension JSONText: JSONReadable, JSONRepresentable {
    /// Reads the next value, whatever it is, and keeps its text.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> JSONText { try reader.readText() }
    /// The value.
    public var json: JSONValue { value }
}

extension JSONText: Hashable {
    /// Whether the values are equal, however they are written.
    public static func == (left: JSONText, right: JSONText) -> Bool {
        left.bytes == right.bytes || left.value == right.value
    }

    /// Equal values have equal hashes, however they are written.
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
