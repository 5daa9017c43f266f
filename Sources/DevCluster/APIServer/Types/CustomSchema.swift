import JSON

/// Reads the structural schema of a custom resource (apiextensions `schema/convert.go`, `structural.go`).
struct CustomSchema {
    /// Deeper schemas are refused: no value is read deeper either.
    private static let maximumDepth = 100

    /// The schema of whole objects of the kind: `JSONSchemaProps` with the members every object has.
    static func root(_ json: JSONValue, preservesUnknown: Bool, at path: String) throws(SchemaProblem) -> TypeSchema {
        let schema = try CustomSchema().read(json, at: path, depth: 0)
        guard json["type"]?.string == "object" else {
            throw SchemaProblem(
                field: path + ".type",
                value: json["type"] ?? "",
                message: "must be object at the root"
            )
        }
        let metadata = BuiltInTypes.table(.current)["ObjectMeta"]
        let string = TypeSchema(.string, merge: .atomic)
        return TypeSchema(
            .structure,
            fields: schema.fields.merging(["apiVersion": string, "kind": string, "metadata": metadata]) { $1 },
            preservesUnknown: schema.preservesUnknown || preservesUnknown,
            constraints: schema.constraints,
            documentation: schema.documentation
        )
    }

    private func read(
        _ json: JSONValue,
        at path: String,
        depth: Int,
        isLogical: Bool = false
    ) throws(SchemaProblem) -> TypeSchema {
        guard depth <= CustomSchema.maximumDepth else {
            throw SchemaProblem(field: path, value: .null, message: "nested too deeply")
        }
        if json["$ref"] != nil {
            throw SchemaProblem(
                field: path + ".$ref",
                value: json["$ref"] ?? .null,
                message: "Forbidden: $ref is not supported"
            )
        }
        let preserves = json["x-kubernetes-preserve-unknown-fields"]?.bool ?? false
        let isIntOrString = json["x-kubernetes-int-or-string"]?.bool ?? false
        let isEmbedded = json["x-kubernetes-embedded-resource"]?.bool ?? false
        let constraints = try SchemaConstraints(json, at: path) { schema, path throws(SchemaProblem) in
            try read(schema, at: path, depth: depth + 1, isLogical: true)
        }
        var fields: [String: TypeSchema] = [:]
        for (name, schema) in (json["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            fields[name] = try read(schema, at: "\(path).properties[\(name)]", depth: depth + 1, isLogical: isLogical)
        }
        if isEmbedded, fields["metadata"] == nil { fields["metadata"] = BuiltInTypes.table(.current)["ObjectMeta"] }
        var element: TypeSchema?
        if let items = json["items"], items.object != nil {
            element = try read(items, at: path + ".items", depth: depth + 1, isLogical: isLogical)
        } else if let values = json["additionalProperties"], values.object != nil {
            element = try read(values, at: path + ".additionalProperties", depth: depth + 1, isLogical: isLogical)
        } else if json["additionalProperties"]?.bool == true {
            element = .deduced
        }
        let type = json["type"]?.string ?? ""
        if type.isEmpty, !preserves, !isIntOrString, !isLogical {
            throw SchemaProblem(
                field: path + ".type",
                value: "",
                message: "Required value: must not be empty for specified object fields"
            )
        }
        let kind = try kind(type, json, element, fields, isIntOrString: isIntOrString, at: path)
        return TypeSchema(
            kind,
            fields: fields,
            element: element,
            merge: merge(kind, json),
            patch: .replace,
            defaultValue: json["default"],
            preservesUnknown: preserves || isEmbedded && json["properties"] == nil,
            isEmbeddedObject: isEmbedded,
            isNullable: json["nullable"]?.bool ?? false,
            constraints: constraints,
            documentation: json["description"]?.string ?? ""
        )
    }

    private func kind(
        _ type: String,
        _ json: JSONValue,
        _ element: TypeSchema?,
        _ fields: [String: TypeSchema],
        isIntOrString: Bool,
        at path: String
    ) throws(SchemaProblem) -> TypeSchema.Kind {
        if isIntOrString { return .intOrString }
        switch type {
        case "": return fields.isEmpty ? .any : .structure
        case "object": return element != nil && fields.isEmpty ? .map : .structure
        case "array": return .list
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .boolean
        default:
            throw SchemaProblem(
                field: path + ".type",
                value: .string(type),
                message: "supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""
            )
        }
    }

    private func merge(_ kind: TypeSchema.Kind, _ json: JSONValue) -> TypeSchema.Merge {
        switch kind {
        case .list:
            switch json["x-kubernetes-list-type"]?.string {
            case "map"?: return .keyed((json["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string))
            case "set"?: return .set
            default: return .atomic
            }
        case .structure, .map, .any: return json["x-kubernetes-map-type"]?.string == "atomic" ? .atomic : .granular
        default: return .atomic
        }
    }
}
