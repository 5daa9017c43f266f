/// A value that reads itself from a pull reader.
public protocol JSONReadable: Sendable {
    /// Reads the next value and consumes exactly it. Throws where it has another shape.
    static func read(from reader: inout JSONReader) throws(JSONError) -> Self
}

/// A value that has a JSON form.
public protocol JSONRepresentable: Sendable {
    /// The JSON form.
    var json: JSONValue { get }
}

extension JSONReadable {
    /// Reads a whole document.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try Self.read(from: &reader)
        try reader.finish()
    }

    /// Reads the value from its JSON form.
    public init(json: JSONValue) throws(JSONError) {
        try self.init(parsing: json.canonicalBytes)
    }
}

extension String: JSONReadable, JSONRepresentable {
    /// Reads a string.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> String { try reader.readString() }
    /// The string.
    public var json: JSONValue { .string(self) }
}

extension Bool: JSONReadable, JSONRepresentable {
    /// Reads a boolean.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Bool { try reader.readBool() }
    /// The boolean.
    public var json: JSONValue { .bool(self) }
}

extension Int64: JSONReadable, JSONRepresentable {
    /// Reads a whole number.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Int64 { try reader.readInteger() }
    /// The number.
    public var json: JSONValue { .integer(self) }
}

extension Int: JSONReadable, JSONRepresentable {
    /// Reads a whole number.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Int { Int(try reader.readInteger()) }
    /// The number.
    public var json: JSONValue { .integer(Int64(self)) }
}

extension Array: JSONReadable where Element: JSONReadable {
    /// Reads an array; an error names the index.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        try reader.readArray { reader, index throws(JSONError) in
            do throws(JSONError) {
                elements.append(try Element.read(from: &reader))
            } catch {
                throw error.inside("[\(index)]")
            }
        }
        return elements
    }
}

extension Array: JSONRepresentable where Element: JSONRepresentable {
    /// The array.
    public var json: JSONValue { .array(map(\.json)) }
}

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    /// Reads an object whose members all have one type; an error names the member.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> [String: Value] {
        try read(from: &reader, without: nil)
    }

    /// Reads an object whose members all have one type; the member that is called `skipped` is read over, whatever it
    /// holds. An error names the member.
    public static func read(
        from reader: inout JSONReader,
        without skipped: StaticString?
    ) throws(JSONError) -> [String: Value] {
        var members: [String: Value] = [:]
        try reader.readObject { reader, key throws(JSONError) in
            if let skipped, key.equals(skipped) { return try reader.skip() }
            let name = key.text
            do throws(JSONError) {
                members[name] = try Value.read(from: &reader)
            } catch {
                throw error.inside(name)
            }
        }
        return members
    }
}

extension Dictionary: JSONRepresentable where Key == String, Value: JSONRepresentable {
    /// The object.
    public var json: JSONValue { .object(mapValues(\.json)) }
}

extension Optional: JSONReadable where Wrapped: JSONReadable {
    /// Reads a value, or nil for `null`.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Wrapped? {
        try reader.readNull() ? nil : try Wrapped.read(from: &reader)
    }
}

extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
    /// The value, or `null`.
    public var json: JSONValue { self?.json ?? .null }
}
