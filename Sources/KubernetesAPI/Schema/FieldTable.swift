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
    /// Reads the member into the `Root` at an address.
    let read: MemberReaders.Reader
    let write: @Sendable (Root) -> JSONValue?

    /// A member that is stored at `path`, and that `read` reads where its type's own way is not meant.
    public static func field<Value: APIValue>(
        _ name: String,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ description: String,
        required: Bool = false,
        _ constraints: OpenAPISchema.Constraint...,
        read: @escaping @Sendable (inout JSONReader) throws(JSONError) -> Value = Value.read
    ) -> Field {
        let place = MemberPlace(path)
        return Field(
            name: name,
            isRequired: required,
            schema: {
                var schema = Value.schema
                schema.description = description
                for constraint in constraints { constraint.apply(&schema) }
                return schema
            },
            read: { reader, root throws(JSONError) in place.set(try read(&reader), in: root) },
            write: { root in
                let value = place.value(in: root)
                return value.isAbsent && !required ? nil : value.json
            }
        )
    }
}

/// The members of an API object, in the order in which they are documented.
public struct FieldTable<Root: Sendable>: Sendable {
    /// The members.
    public let fields: [Field<Root>]
    private let readers: MemberReaders

    /// A table of the members.
    public init(_ fields: [Field<Root>]) {
        self.fields = fields
        readers = MemberReaders(fields.map { ($0.name, $0.isRequired, $0.read) })
    }

    /// Reads the members of the object that comes next into `root`. Throws `JSONError` naming the member.
    public func read(from reader: inout JSONReader, into root: inout Root) throws(JSONError) {
        try withUnsafeMutablePointer(to: &root) { root throws(JSONError) in
            try readers.read(from: &reader, into: UnsafeMutableRawPointer(root))
        }
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
