/// Any JSON value, for what this project passes through without knowing its shape: pod templates, registry answers.
///
/// Numbers that are not 64-bit integers keep their source text, so that a value read and written again is unchanged.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that is not a 64-bit integer, as it was written; always valid JSON.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses a whole document.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try JSONValue.read(from: &reader)
        try reader.finish()
    }

    /// Parses a whole document.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The member called `key`; nil where this is not an object or has no such member.
    public subscript(key: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            var members = object ?? [:]
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The element at `index`; nil where this is not an array or is shorter.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text, if this is a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The number, if this is an integer of 64 bits.
    public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    /// The value, if this is a boolean.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements, if this is an array.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The members, if this is an object.
    public var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The number as a double, if this is a number.
    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .decimal(let text): Double(text)
        default: nil
        }
    }
}

// Not by `nil`: in `condition ? nil : value` of type `JSONValue?` the compiler would take it for `null`.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of two members with one name the last counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension JSONValue: JSONReadable, JSONRepresentable {
    /// Reads the next value, whatever it is.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch try reader.peek() {
        case .null:
            _ = try reader.readNull()
            return .null
        case .bool: return .bool(try reader.readBool())
        case .string: return .string(try reader.readString())
        case .number:
            let text = try reader.readNumber()
            return Int64(text).map { .integer($0) } ?? .decimal(text)
        case .array:
            var elements: [JSONValue] = []
            try reader.readArray { reader, _ throws(JSONError) in elements.append(try JSONValue.read(from: &reader)) }
            return .array(elements)
        case .object:
            var members: [String: JSONValue] = [:]
            try reader.readObject { reader, key throws(JSONError) in
                members[key.text] = try JSONValue.read(from: &reader)
            }
            return .object(members)
        }
    }

    /// The value itself.
    public var json: JSONValue { self }
}
