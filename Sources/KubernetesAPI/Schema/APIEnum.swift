public import JSON

/// A closed set of strings.
public protocol APIEnum: APIValue, RawRepresentable, CaseIterable where RawValue == String {}

extension APIEnum {
    /// Reads one of the strings. Throws naming all of them.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Self {
        let offset = reader.offset
        let text = try reader.readString()
        guard let value = Self(rawValue: text) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONError("must be one of \(names), not \"\(text.prefix(80))\"", offset: offset)
        }
        return value
    }

    /// The string.
    public var json: JSONValue { .string(rawValue) }

    /// An enumeration of the strings.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(.string)
        schema.enumeration = allCases.map(\.rawValue)
        return schema
    }
}
