import JSON
import Selection

/// What the schema of a custom resource demands of a value beyond its shape (OpenAPI v3, structural schemas).
final class SchemaConstraints: Sendable {
    let required: [String]
    let enumeration: [JSONValue]
    let pattern: Pattern?
    let format: String
    let minimum: Double?
    let maximum: Double?
    let excludesMinimum: Bool
    let excludesMaximum: Bool
    let minLength: Int?
    let maxLength: Int?
    let minItems: Int?
    let maxItems: Int?
    let uniqueItems: Bool
    let minProperties: Int?
    let maxProperties: Int?
    let multipleOf: Double?
    let allOf: [TypeSchema]
    let anyOf: [TypeSchema]
    let oneOf: [TypeSchema]
    let not: TypeSchema?

    /// Reads the keywords of a `JSONSchemaProps`. Throws where one is malformed.
    init(
        _ json: JSONValue,
        at path: String,
        nested: (JSONValue, String) throws(SchemaProblem) -> TypeSchema
    ) throws(SchemaProblem) {
        func count(_ name: String) -> Int? { json[name]?.integer.flatMap { Int(exactly: $0) } }
        func schemas(_ name: String) throws(SchemaProblem) -> [TypeSchema] {
            var schemas: [TypeSchema] = []
            for (index, schema) in (json[name]?.array ?? []).enumerated() {
                schemas.append(try nested(schema, "\(path).\(name)[\(index)]"))
            }
            return schemas
        }
        required = (json["required"]?.array ?? []).compactMap(\.string)
        enumeration = json["enum"]?.array ?? []
        if let text = json["pattern"]?.string, !text.isEmpty {
            do {
                pattern = try Pattern(text)
            } catch {
                throw SchemaProblem(
                    field: path + ".pattern",
                    value: .string(text),
                    message: "must be a valid regular expression, but isn't: \(error)"
                )
            }
        } else {
            pattern = nil
        }
        format = json["format"]?.string ?? ""
        minimum = json["minimum"]?.double
        maximum = json["maximum"]?.double
        excludesMinimum = json["exclusiveMinimum"]?.bool ?? false
        excludesMaximum = json["exclusiveMaximum"]?.bool ?? false
        minLength = count("minLength")
        maxLength = count("maxLength")
        minItems = count("minItems")
        maxItems = count("maxItems")
        uniqueItems = json["uniqueItems"]?.bool ?? false
        minProperties = count("minProperties")
        maxProperties = count("maxProperties")
        multipleOf = json["multipleOf"]?.double.flatMap { $0 > 0 ? $0 : nil }
        allOf = try schemas("allOf")
        anyOf = try schemas("anyOf")
        oneOf = try schemas("oneOf")
        if let schema = json["not"], schema.object != nil {
            not = try nested(schema, path + ".not")
        } else {
            not = nil
        }
    }
}

/// Something wrong with the schema of a CustomResourceDefinition.
struct SchemaProblem: Error, Sendable {
    var field: String
    var value: JSONValue
    var message: String

    var issue: FieldIssue { .invalid(field, value, message) }
}
