import Artifacts
import JSON
import KubernetesAPI
import KubernetesClient

extension APIServerState {
    mutating func patch(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        guard resource.name != nil else { throw .methodNotAllowed("patch") }
        let media = request.contentType.split(separator: ";").first.map { $0.trimmingSpaces } ?? ""
        let isCustom = resource.definition.custom != nil
        let known = PatchType.allCases.filter { $0 != .strategic || !isCustom }
        guard let type = PatchType(rawValue: media), known.contains(type) else {
            throw .unsupportedMediaType(media, accepted: known.map(\.rawValue))
        }
        let options = try WriteOptions(request, kind: "PatchOptions", profile: profile)
        if type == .apply { return try apply(request, resource, options, now) }
        if options.force != nil {
            throw .invalid(
                "PatchOptions",
                group: "meta.k8s.io",
                "",
                [.forbidden("force", "may not be specified for non-apply patch")]
            )
        }
        let old = try existing(resource)
        let before = served(old, resource.definition)
        let patched = try patched(before, request.body, type, resource.definition)
        let admitted = try admitted(try identified(patched, resource), resource.definition)
        let warnings = try warnings(admitted.unknown, options)
        let new = try update(old, to: admitted.object, resource, options, now: now)
        var response = respond(200, new, resource.definition, request, now)
        response.warnings = warnings
        return response
    }

    private func patched(
        _ object: JSONValue,
        _ body: [UInt8],
        _ type: PatchType,
        _ definition: ResourceDefinition
    ) throws(APIFailure) -> JSONValue {
        let patch: JSONValue
        do throws(JSONError) {
            patch = try JSONValue(parsing: body)
        } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
        switch type {
        case .json:
            do throws(JSONPatch.Failure) {
                return try JSONPatch(patch).applied(to: object)
            } catch {
                switch error {
                case .malformed(let message): throw .badRequest("error decoding patch: \(message)")
                case .inapplicable(let message):
                    throw APIFailure(
                        code: 422,
                        reason: "Invalid",
                        message: "the server rejected our request due to an error in our request",
                        causes: [.init(reason: "UnexpectedServerResponse", message: message)]
                    )
                }
            }
        case .merge:
            guard patch.object != nil else {
                throw .badRequest(
                    "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
                )
            }
            return object.merging(mergePatch: patch)
        default:
            guard patch.object != nil else {
                throw .badRequest(
                    "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
                )
            }
            do throws(StrategicMergePatch.Failure) {
                return try StrategicMergePatch.apply(patch, to: object, definition.schema)
            } catch {
                throw .badRequest(error.message)
            }
        }
    }

    // MARK: Server-side apply

    private mutating func apply(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ options: WriteOptions,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        let definition = resource.definition
        guard request.value("fieldManager")?.isEmpty == false else {
            throw .invalid(
                "PatchOptions",
                group: "meta.k8s.io",
                "",
                [.required("fieldManager", "is required for apply patch")]
            )
        }
        let config = try applied(request, resource)
        let key = ObjectKey(namespace: resource.namespace ?? "", name: resource.name ?? "")
        let old = store.object(definition.storage, key)
        guard old != nil || resource.subresource == nil else { throw .notFound(definition.name, key.name) }
        if old == nil, let uid = config[path: "metadata", "uid"]?.string, !uid.isEmpty {
            throw .invalid(
                definition.kind,
                group: definition.name.group,
                key.name,
                [.invalid("metadata.uid", .string(uid), "field is immutable")]
            )
        }
        let schema = storedSchema(definition)
        let live = TypedValue(value: (old ?? emptyObject(definition)).withoutManagedFields, schema: schema)
        var management = FieldManagement(json: old?[path: "metadata", "managedFields"]) ?? FieldManagement()
        let outcome: FieldManagement.ApplyOutcome
        do throws(TypedValue.Failure) {
            outcome = try management.apply(
                TypedValue(value: config, schema: schema),
                to: live,
                force: options.force ?? false,
                managing(options, resource, isApply: true, now: now)
            )
        } catch {
            throw APIFailure(
                code: 500,
                reason: "",
                message: "failed to create typed patch object: \(error.text)"
            )
        }
        switch outcome {
        case .conflict(let conflicts): throw conflict(conflicts)
        case .merged(let merged):
            let object = merged ?? live.value
            let admitted = try admitted(served(object, definition), definition)
            let warnings = try warnings(admitted.unknown, options)
            let result: JSONValue
            if let old {
                let former = FieldManagement(json: old[path: "metadata", "managedFields"]) ?? FieldManagement()
                // Since 1.24 an apply that changes only the time of its own entry is not written.
                if profile == .current, management.equalsIgnoringTime(former),
                    admitted.object.withoutManagedFields == old.withoutManagedFields
                {
                    management = former
                }
                result = try replace(old, with: admitted.object, resource, options, management: management)
            } else {
                result = try create(admitted.object, resource, options, management: management, now: now)
            }
            var response = respond(old == nil ? 201 : 200, result, definition, request, now)
            response.warnings = warnings
            return response
        }
    }

    /// The body of an apply as it stands: nothing is decoded into canonical form before it is merged.
    private func applied(_ request: APIRequest, _ resource: ResourceRequest) throws(APIFailure) -> JSONValue {
        // The body is read as YAML 1.1, which has no `\/`.
        if request.body.containsEscapedSlash {
            throw .badRequest(
                "error decoding YAML: error converting YAML to JSON: yaml: found unknown escape character"
            )
        }
        let json = try yaml(request.body)
        guard json.object != nil else { throw .badRequest("error decoding YAML: the document is not an object") }
        if let managed = json[path: "metadata", "managedFields"], !managed.isNull {
            throw .badRequest("metadata.managedFields must be nil")
        }
        let config = try identified(json, resource)
        // Types are checked here, while the values stay as they were sent.
        var probe = config
        if resource.definition.custom == nil {
            probe.editIfPresent("metadata") { $0["managedFields"] = nil }
            _ = try admitted(probe, resource.definition)
        }
        guard resource.definition.storedAs == nil else { return EventConversion.stored(config) }
        return config
    }

    /// A document in JSON, or else in YAML.
    private func yaml(_ body: [UInt8]) throws(APIFailure) -> JSONValue {
        if let json = try? JSONValue(parsing: body) { return json }
        let documents: [JSONValue]
        do throws(YAMLError) {
            documents = try YAML.documents(body)
        } catch {
            throw .badRequest("error decoding YAML: \(error)")
        }
        guard let document = documents.first, documents.count == 1 else {
            throw .badRequest("error decoding YAML: \(documents.count) documents in place of one")
        }
        return document
    }

    private func conflict(_ conflicts: [FieldManagement.Conflict]) -> APIFailure {
        var message: String
        if conflicts.count == 1, let only = conflicts.first {
            message = "Apply failed with 1 conflict: conflict with \(only.managerText): \(only.pathText)"
        } else {
            message = "Apply failed with \(conflicts.count) conflicts: "
            var lines: [String] = []
            var last = ""
            for conflict in conflicts {
                if conflict.managerText != last {
                    last = conflict.managerText
                    lines.append("conflicts with \(last):")
                }
                lines.append("- \(conflict.pathText)")
            }
            message += lines.joined(separator: "\n")
        }
        return APIFailure(
            code: 409,
            reason: "Conflict",
            message: message,
            causes: conflicts.map {
                .init(reason: "FieldManagerConflict", message: "conflict with \($0.managerText)", field: $0.pathText)
            }
        )
    }
}

extension FieldManagement {
    /// Whether both give the same fields to the same managers.
    func equalsIgnoringTime(_ other: FieldManagement) -> Bool {
        entries.mapValues(\.fields) == other.entries.mapValues(\.fields)
            && entries.mapValues(\.apiVersion) == other.entries.mapValues(\.apiVersion)
    }
}

extension Array where Element == UInt8 {
    /// Whether a string in this JSON text contains the escape `\/`.
    var containsEscapedSlash: Bool {
        var index = startIndex
        while index + 1 < endIndex {
            guard self[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            if self[index + 1] == UInt8(ascii: "/") { return true }
            index += 2
        }
        return false
    }
}
