import JSON
import KubernetesAPI
import ModelAppAPI

/// Makes documents from a schema, so that no test has to list its members.
enum SchemaSample {
    /// A document that has every member of the schema, the alternatives of unions side by side.
    static func full(_ schema: OpenAPISchema) -> JSONValue {
        if schema.isIntOrString { return 7 }
        switch schema.kind {
        case .object, nil:
            if let values = schema.additionalProperties { return ["key": full(values)] }
            var members = schema.properties.mapValues(full)
            if schema.preservesUnknownFields { members["free"] = "x" }
            return .object(members)
        case .array: return .array(schema.items.map { [full($0)] } ?? [])
        case .string:
            if let first = schema.enumeration.first { return .string(first) }
            return isPeriod(schema) ? "7s" : "text"
        case .integer: return .integer(schema.minimum ?? 7)
        case .number: return .decimal("1.5")
        case .boolean: return true
        }
    }

    /// A document that has every object of the schema, and of the other members only those that are required.
    static func objectsOnly(_ schema: OpenAPISchema) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (name, property) in schema.properties {
            let isObject =
                property.kind == .object && !property.preservesUnknownFields && property.additionalProperties == nil
            if isObject {
                members[name] = objectsOnly(property)
            } else if schema.required.contains(name) {
                members[name] = full(property)
            }
        }
        return .object(members)
    }

    /// The paths to every value of `document` that is neither object nor list.
    static func leaves(_ document: JSONValue, _ path: [String] = []) -> [[String]] {
        switch document {
        case .object(let members):
            members.isEmpty
                ? [path] : members.sorted { $0.key < $1.key }.flatMap { leaves($0.value, path + [$0.key]) }
        case .array(let elements): elements.indices.flatMap { leaves(elements[$0], path + [String($0)]) }
        default: [path]
        }
    }

    /// Another value of the same kind.
    static func mutated(_ value: JSONValue, _ schema: OpenAPISchema?) -> JSONValue {
        switch value {
        case .string(let text):
            if let others = schema?.enumeration, !others.isEmpty {
                return .string(others.last { $0 != text } ?? "none")
            }
            return schema.map(isPeriod) == true ? "9s" : .string(text + "2")
        case .integer(let number): return .integer(number + 1)
        case .decimal: return .decimal("2.5")
        case .bool(let bool): return .bool(!bool)
        default: return .null
        }
    }

    static func isPeriod(_ schema: OpenAPISchema) -> Bool { schema.pattern == Period.schema.pattern }

    /// The schema of the value at `path`.
    static func schema(_ schema: OpenAPISchema, at path: ArraySlice<String>) -> OpenAPISchema? {
        guard let first = path.first else { return schema }
        let child = schema.properties[first] ?? schema.additionalProperties ?? schema.items
        return child.flatMap { Self.schema($0, at: path.dropFirst()) }
    }
}

extension JSONValue {
    /// The value at `path`, in arrays by index.
    func value(at path: ArraySlice<String>) -> JSONValue? {
        guard let first = path.first else { return self }
        if case .array = self { return Int(first).flatMap { self[$0] }?.value(at: path.dropFirst()) }
        return self[first]?.value(at: path.dropFirst())
    }
}
