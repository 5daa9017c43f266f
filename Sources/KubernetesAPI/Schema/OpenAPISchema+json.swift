public import JSON

extension OpenAPISchema {
    /// The schema as `JSONSchemaProps`.
    public var json: JSONValue {
        var members: [String: JSONValue] = [:]
        func set(_ name: String, _ value: JSONValue?) { if let value { members[name] = value } }
        set("type", kind.map { .string($0.rawValue) })
        if !description.isEmpty { members["description"] = .string(description) }
        if !properties.isEmpty { members["properties"] = .object(properties.mapValues(\.json)) }
        if !required.isEmpty { members["required"] = required.json }
        set("items", items?.json)
        set("additionalProperties", additionalProperties?.json)
        if !enumeration.isEmpty { members["enum"] = enumeration.json }
        set("pattern", pattern?.json)
        set("format", format?.json)
        set("minimum", minimum?.json)
        set("maximum", maximum?.json)
        set("minLength", minLength?.json)
        set("maxLength", maxLength?.json)
        set("minItems", minItems?.json)
        set("maxItems", maxItems?.json)
        set("minProperties", minProperties?.json)
        set("maxProperties", maxProperties?.json)
        set("default", defaultValue)
        set("x-kubernetes-list-type", listType?.json)
        if !listMapKeys.isEmpty { members["x-kubernetes-list-map-keys"] = listMapKeys.json }
        set("x-kubernetes-map-type", mapType?.json)
        if preservesUnknownFields { members["x-kubernetes-preserve-unknown-fields"] = true }
        if isIntOrString { members["x-kubernetes-int-or-string"] = true }
        if !validations.isEmpty {
            members["x-kubernetes-validations"] = .array(
                validations.map { ["rule": .string($0.rule), "message": .string($0.message)] }
            )
        }
        let groups =
            exactlyOneOf.map { JSONValue.object(["oneOf": OpenAPISchema.branches($0)]) }
            + atMostOneOf.map {
                .object(["oneOf": .array((OpenAPISchema.branches($0).array ?? []) + [OpenAPISchema.none(of: $0)])])
            }
        if groups.count == 1, let only = groups[0].object {
            members.merge(only) { $1 }
        } else if groups.count > 1 {
            members["allOf"] = .array(groups)
        }
        return .object(members)
    }

    private static func branches(_ names: [String]) -> JSONValue {
        .array(names.map { .object(["required": [.string($0)]]) })
    }

    private static func none(of names: [String]) -> JSONValue {
        .object(["not": .object(["anyOf": branches(names)])])
    }
}
