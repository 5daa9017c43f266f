public import JSON

/// A value of the API that reads, writes and describes itself.
///
/// One declaration serves the decoder, the encoder, the schema of the custom resource, `kubectl explain` and the
/// reference documentation, so that they cannot disagree.
public protocol APIValue: JSONReadable, JSONRepresentable, Hashable {
    /// The structural schema of a value.
    static var schema: OpenAPISchema { get }
    /// Whether the value is left out where it is written: nil, or an empty list or map.
    var isAbsent: Bool { get }
}

extension APIValue {
    /// A value is written unless its type says otherwise.
    public var isAbsent: Bool { false }
}

/// An object of the API whose members are declared in a table.
public protocol APIObject: APIValue {
    /// An object with every member absent or at its default.
    init()
    /// The members.
    static var fields: FieldTable<Self> { get }
    /// What the object is for, in one sentence: its description in the schema.
    static var summary: String { get }
    /// Rules over several members.
    static var rules: [OpenAPISchema.Rule] { get }
}

extension APIObject {
    /// No rules over several members.
    public static var rules: [OpenAPISchema.Rule] { [] }

    /// Reads an object. Members that no field declares are skipped; `null` counts as absent.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Self {
        var value = Self()
        try fields.read(from: &reader, into: &value)
        return value
    }

    /// The declared members that are not absent.
    public var json: JSONValue { Self.fields.json(of: self) }

    /// An object schema of the declared members.
    public static var schema: OpenAPISchema {
        var schema = Self.fields.schema
        schema.description = summary
        for rule in rules { schema.apply(rule) }
        return schema
    }
}

extension String: APIValue {
    /// A string.
    public static var schema: OpenAPISchema { OpenAPISchema(.string) }
}

extension Bool: APIValue {
    /// A boolean.
    public static var schema: OpenAPISchema { OpenAPISchema(.boolean) }
}

extension Int64: APIValue {
    /// A whole number of 64 bits.
    public static var schema: OpenAPISchema { OpenAPISchema(.integer, format: "int64") }
}

extension JSONValue: APIValue {
    /// Any object, kept as it is.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(.object)
        schema.preservesUnknownFields = true
        return schema
    }
    /// `null` and empty objects are left out.
    public var isAbsent: Bool { self == .null || self == .object([:]) }
}

extension JSONText: APIValue {
    /// Any object, kept as it is.
    public static var schema: OpenAPISchema { JSONValue.schema }
    /// `null` and empty objects are left out.
    public var isAbsent: Bool { bytes.count < 64 && value.isAbsent }
}

extension Optional: APIValue where Wrapped: APIValue {
    /// The schema of the wrapped type: absence is not a value.
    public static var schema: OpenAPISchema { Wrapped.schema }
    /// Whether it is nil.
    public var isAbsent: Bool { self == nil }
}

extension Array: APIValue where Element: APIValue {
    /// A list.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(.array)
        schema.items = Element.schema
        return schema
    }
    /// Whether it is empty.
    public var isAbsent: Bool { isEmpty }
}

extension Dictionary: APIValue where Key == String, Value: APIValue {
    /// A map of one type of value.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(.object)
        schema.additionalProperties = Value.schema
        return schema
    }
    /// Whether it is empty.
    public var isAbsent: Bool { isEmpty }
}
