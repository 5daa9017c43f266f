public import JSON

/// One member of an API object.
public struct Field<Root: Sendable>: Sendable {
    /// The member's name in JSON.
    public let name: String
    /// Whether an object without it is refused.
    public let isRequired: Bool
    /// The member's schema with its description and constraints. A closure, because schemas are only needed by `crd`,
    /// validation and documentation.
    public let schema: @Sendable () -> OpenAPISchema
    let key: [UInt8]
    let read: @Sendable (inout JSONReader, inout Root) throws(JSONError) -> Void
    let write: @Sendable (Root) -> JSONValue?

    /// A member that is stored at `path`.
    public static func field<Value: APIValue>(
        _ name: String,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ description: String,
        required: Bool = false,
        _ constraints: OpenAPISchema.Constraint...
    ) -> Field {
        Field(
            name: name,
            isRequired: required,
            schema: {
                var schema = Value.schema
                schema.description = description
                for constraint in constraints { constraint.apply(&schema) }
                return schema
            },
            key: Array(name.utf8),
            read: { reader, root throws(JSONError) in root[keyPath: path] = try Value.read(from: &reader) },
            write: { root in
                let value = root[keyPath: path]
                return value.isAbsent && !required ? nil : value.json
            }
        )
    }
}

/// The members of an API object, in the order in which they are documented.
public struct FieldTable<Root: Sendable>: Sendable {
    /// The members.
    public let fields: [Field<Root>]
    private let required: [Int]

    /// A table of the members.
    public init(_ fields: [Field<Root>]) {
        self.fields = fields
        required = fields.indices.filter { fields[$0].isRequired }
    }

    /// Reads the members of the object that comes next into `root`. Throws `JSONError` naming the member.
    public func read(from reader: inout JSONReader, into root: inout Root) throws(JSONError) {
        let start = reader.offset
        var seen: UInt64 = 0
        // Servers write members in a stable order, so the next match is usually just behind the last one.
        var cursor = 0
        try reader.readObject { reader, key throws(JSONError) in
            guard let index = find(key, from: cursor) else { return try reader.skip() }
            cursor = index + 1
            if try reader.readNull() { return }
            seen |= 1 << UInt64(index & 63)
            do throws(JSONError) {
                try fields[index].read(&reader, &root)
            } catch {
                throw error.inside(fields[index].name)
            }
        }
        for index in required where seen & 1 << UInt64(index & 63) == 0 {
            throw JSONError("is required", offset: start, path: [fields[index].name])
        }
    }

    private func find(_ key: JSONReader.Key, from start: Int) -> Int? {
        for index in start..<fields.count where key.equals(fields[index].key) { return index }
        for index in 0..<min(start, fields.count) where key.equals(fields[index].key) { return index }
        return nil
    }

    /// The members of `root` that are not absent.
    public func json(of root: Root) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for field in fields {
            if let value = field.write(root) { members[field.name] = value }
        }
        return .object(members)
    }

    /// The object schema of the members.
    public var schema: OpenAPISchema {
        var schema = OpenAPISchema(.object)
        for field in fields {
            schema.properties[field.name] = field.schema()
            if field.isRequired { schema.required.append(field.name) }
        }
        return schema
    }
}
