import JSON

/// OpenAPI documents, as far as `kubectl apply`, `explain` and `diff` read them.
extension APIServerState {
    func openAPI(_ request: APIRequest) throws(APIFailure) -> APIResponse {
        let path = request.path.dropFirst()
        if Array(path) == ["v2"] {
            guard !request.accept.contains("proto-openapi") else {
                return APIResponse(
                    200,
                    // Not the type that was asked for: Go's parser refuses the "@" in it. 1.20 left the type to be guessed.
                    contentType: profile == .current
                        ? "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" : "application/octet-stream",
                    body: OpenAPIProtobuf.bytes(of: swagger)
                )
            }
            return APIResponse(200, swagger)
        }
        guard profile == .current, path.first == "v3" else { throw .unknownPath }
        let names = path.dropFirst()
        if names.isEmpty {
            var paths: [String: JSONValue] = [:]
            for definition in definitions {
                let name = definition.name.group.isEmpty ? "api/\(definition.version)" : "apis/\(definition.apiVersion)"
                paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)")]
            }
            return APIResponse(200, ["paths": .object(paths)])
        }
        let group = names.first == "api" ? "" : names.dropFirst().first ?? ""
        let version = names.last ?? ""
        let own = definitions.filter { $0.name.group == group && $0.version == version }
        guard !own.isEmpty, names.count == (group.isEmpty ? 2 : 3) else { throw .unknownPath }
        return APIResponse(200, document(of: own))
    }

    private var swagger: JSONValue {
        var builder = OpenAPIBuilder(prefix: "#/definitions/", profile: profile)
        for definition in definitions { builder.add(definition) }
        return [
            "swagger": "2.0", "info": ["title": "Kubernetes", "version": .string(profile.version.git)],
            "paths": .object([:]), "definitions": .object(builder.schemas),
        ]
    }

    private func document(of definitions: [ResourceDefinition]) -> JSONValue {
        var builder = OpenAPIBuilder(prefix: "#/components/schemas/", profile: profile)
        var paths: [String: JSONValue] = [:]
        for definition in definitions {
            let name = builder.add(definition)
            let root = definition.name.group.isEmpty ? "/api/\(definition.version)" : "/apis/\(definition.apiVersion)"
            let scope = definition.isNamespaced ? "/namespaces/{namespace}" : ""
            let kind: JSONValue = [
                "group": .string(definition.name.group), "version": .string(definition.version),
                "kind": .string(definition.kind),
            ]
            func operation(_ action: String) -> JSONValue {
                // kubectl asks the server to validate only where it finds this parameter.
                let parameters = ["dryRun", "fieldManager", "fieldValidation"].map { name -> JSONValue in
                    ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
                }
                return [
                    "parameters": .array(parameters), "x-kubernetes-action": .string(action),
                    "x-kubernetes-group-version-kind": kind,
                    "responses": [
                        "200": [
                            "description": "OK",
                            "content": [
                                "application/json": ["schema": ["$ref": .string("#/components/schemas/" + name)]]
                            ],
                        ]
                    ],
                ]
            }
            paths["\(root)\(scope)/\(definition.name.plural)"] = ["post": operation("post")]
            paths["\(root)\(scope)/\(definition.name.plural)/{name}"] = [
                "patch": operation("patch"), "put": operation("put"),
            ]
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": .string(profile.version.git)],
            "paths": .object(paths), "components": ["schemas": .object(builder.schemas)],
        ]
    }
}

/// Collects the definitions that the kinds of a document need.
struct OpenAPIBuilder {
    private(set) var schemas: [String: JSONValue] = [:]
    private let prefix: String
    private let profile: APIServerProfile

    init(prefix: String, profile: APIServerProfile) {
        self.prefix = prefix
        self.profile = profile
    }

    /// Adds a kind and returns the name of its definition.
    @discardableResult
    mutating func add(_ definition: ResourceDefinition) -> String {
        let group = definition.name.group.isEmpty ? "core" : definition.name.group
        let name =
            (group.split(separator: ".").reversed() + [Substring(definition.version), Substring(definition.kind)])
            .joined(separator: ".")
        var schema = json(definition.schema, isInline: true)
        if definition.custom == nil {
            schema["description"] = .string(
                "\(definition.kind) of \(definition.apiVersion). This development server describes custom resources; "
                    + "what the members of built-in kinds mean is in https://kubernetes.io/docs/reference/kubernetes-api/."
            )
        }
        schema["x-kubernetes-group-version-kind"] = [
            [
                "group": .string(definition.name.group), "version": .string(definition.version),
                "kind": .string(definition.kind),
            ]
        ]
        schemas[name] = schema
        return name
    }

    private mutating func reference(_ schema: TypeSchema) -> JSONValue {
        let name = "io.k8s." + schema.name
        if schemas[name] == nil {
            // Put there first, so that a type that leads back to itself ends.
            schemas[name] = ["type": "object"]
            schemas[name] = json(schema, isInline: true)
        }
        return ["$ref": .string(prefix + name)]
    }

    private mutating func json(_ schema: TypeSchema, isInline: Bool = false) -> JSONValue {
        if !isInline, !schema.name.isEmpty, schema.kind == .structure { return reference(schema) }
        var members: [String: JSONValue] = [:]
        switch schema.kind {
        case .any: members["type"] = "object"
        case .string: members["type"] = "string"
        case .integer: members = ["type": "integer", "format": "int64"]
        case .number: members = ["type": "number", "format": "double"]
        case .boolean: members["type"] = "boolean"
        case .quantity: members["type"] = "string"
        case .intOrString: members = ["format": "int-or-string", "type": "string"]
        case .bytes: members = ["type": "string", "format": "byte"]
        case .time, .microTime: members = ["type": "string", "format": "date-time"]
        case .list:
            members["type"] = "array"
            members["items"] = schema.element.map { json($0) } ?? ["type": "object"]
        case .map:
            members["type"] = "object"
            members["additionalProperties"] = schema.element.map { json($0) } ?? ["type": "object"]
        case .structure:
            members["type"] = "object"
            if !schema.fields.isEmpty {
                var properties: [String: JSONValue] = [:]
                for (name, field) in schema.fields { properties[name] = json(field) }
                members["properties"] = .object(properties)
            }
        }
        switch (schema.kind, schema.merge) {
        case (.list, .keyed(let keys)):
            members["x-kubernetes-list-type"] = "map"
            members["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
        case (.list, .set): members["x-kubernetes-list-type"] = "set"
        case (.list, _): members["x-kubernetes-list-type"] = "atomic"
        case (.map, .atomic), (.structure, .atomic): members["x-kubernetes-map-type"] = "atomic"
        default: break
        }
        switch schema.patch {
        case .replace: break
        case .mergeValues: members["x-kubernetes-patch-strategy"] = "merge"
        case .mergeBy(let key):
            members["x-kubernetes-patch-strategy"] = "merge"
            members["x-kubernetes-patch-merge-key"] = .string(key)
        }
        if !schema.documentation.isEmpty { members["description"] = .string(schema.documentation) }
        if schema.preservesUnknown { members["x-kubernetes-preserve-unknown-fields"] = true }
        if let value = schema.defaultValue { members["default"] = value }
        let required = schema.constraints?.required ?? []
        if !required.isEmpty { members["required"] = .array(required.map { .string($0) }) }
        return .object(members)
    }
}
