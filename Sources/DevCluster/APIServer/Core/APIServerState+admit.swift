import Artifacts
import JSON
import KubernetesAPI

/// A document as it becomes an object: checked against the request, decoded, defaulted.
extension APIServerState {
    /// A decoded document with the members that were dropped.
    struct Admitted: Sendable {
        var object: JSONValue
        var unknown: [String]
    }

    /// The object in a request's body, which is JSON or Kubernetes' protobuf.
    func document(in request: APIRequest) throws(APIFailure) -> JSONValue {
        let type = request.contentType.split(separator: ";").first.map { $0.trimmingSpaces } ?? ""
        if type == ProtobufDocument.mediaType {
            do throws(ProtobufDocument.Refusal) {
                return try ProtobufDocument.json(request.body)
            } catch {
                throw .badRequest(error.message)
            }
        }
        guard type.isEmpty || type == "application/json" || type == "*/*" else {
            throw .unsupportedMediaType(type, accepted: ["application/json", ProtobufDocument.mediaType])
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: request.body)
        } catch {
            throw .badRequest("couldn't get version/kind; json parse error: \(error)")
        }
        guard json.object != nil else { throw .badRequest("the body of the request is not an object") }
        return json
    }

    /// Checks that a document is of the kind and name that the request is about, and sets what it leaves out.
    func identified(_ json: JSONValue, _ resource: ResourceRequest) throws(APIFailure) -> JSONValue {
        let definition = resource.definition
        var object = json
        let (apiVersion, kind) = (json["apiVersion"]?.string ?? "", json["kind"]?.string ?? "")
        if apiVersion.isEmpty || kind.isEmpty {
            // A typed kind is known from the path; a custom resource has to say what it is.
            guard definition.custom == nil else {
                throw .badRequest("Object 'Kind' is missing in '\(json.canonicalText.prefix(256))'")
            }
        } else if kind != definition.kind || apiVersion != definition.apiVersion {
            throw .badRequest(
                "the API version in the data (\(apiVersion), Kind=\(kind)) does not match the expected API version "
                    + "(\(definition.apiVersion), Kind=\(definition.kind))"
            )
        }
        object["apiVersion"] = .string(definition.apiVersion)
        object["kind"] = .string(definition.kind)
        guard json["metadata"] == nil || json["metadata"]?.object != nil || json["metadata"]?.isNull == true else {
            throw .badRequest("metadata is not an object")
        }
        var metadata = json["metadata"]?.object == nil ? JSONValue.object([:]) : json["metadata"] ?? .object([:])
        if let name = resource.name {
            let given = metadata["name"]?.string ?? ""
            guard given.isEmpty || given == name else {
                throw .badRequest("the name of the object (\(given)) does not match the name on the URL (\(name))")
            }
            metadata["name"] = .string(name)
        }
        if let namespace = resource.namespace {
            let given = metadata["namespace"]?.string ?? ""
            guard given.isEmpty || given == namespace else {
                throw .badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            }
            metadata["namespace"] = .string(namespace)
        } else {
            metadata["namespace"] = nil
        }
        object["metadata"] = metadata
        return object
    }

    /// The document as the server keeps it: unknown members dropped, values in canonical form, defaults filled in.
    func admitted(_ json: JSONValue, _ definition: ResourceDefinition) throws(APIFailure) -> Admitted {
        guard json.isStorable else { throw .badRequest("the object is too large or nested too deeply") }
        var decoding = TypeSchema.Decoding(writesNullTimestamps: profile == .v1_20 && definition.custom == nil)
        do throws(TypeSchema.Mismatch) {
            guard definition.custom != nil else {
                var object = try definition.schema.decoded(json, &decoding)
                object.edit("metadata") { if $0["creationTimestamp"]?.isNull == true { $0["creationTimestamp"] = nil } }
                object["apiVersion"] = .string(definition.apiVersion)
                object["kind"] = .string(definition.kind)
                if definition.storedAs != nil { object = EventConversion.stored(object) }
                definition.behaviour.setDefaults(&object, profile)
                return Admitted(object: object, unknown: decoding.unknown.sorted())
            }
            var unknown: [String] = []
            var object = definition.schema.defaulted(definition.schema.pruned(json, dropped: &unknown))
            let metadata = BuiltInTypes.table(profile)["ObjectMeta"]
            object["metadata"] = try metadata.decoded(json["metadata"] ?? .object([:]), &decoding)
            object["apiVersion"] = .string(definition.apiVersion)
            object["kind"] = .string(definition.kind)
            unknown += decoding.unknown.map { "metadata." + $0 }
            return Admitted(object: object, unknown: unknown.sorted())
        } catch {
            throw .badRequest(
                "\(definition.kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): "
                    + error.message
            )
        }
    }

    /// Refuses unknown members, or returns what to warn of.
    func warnings(_ unknown: [String], _ options: WriteOptions) throws(APIFailure) -> [String] {
        guard !unknown.isEmpty, options.validation != .ignore else { return [] }
        let texts = unknown.prefix(100).map { "unknown field \"\($0)\"" }
        if options.validation == .strict {
            throw .badRequest("strict decoding error: " + texts.joined(separator: ", "))
        }
        return texts
    }

    /// An object of the kind that nobody has written to: what a created object is compared with.
    func emptyObject(_ definition: ResourceDefinition) -> JSONValue {
        guard definition.custom == nil else { return .object([:]) }
        var decoding = TypeSchema.Decoding(writesNullTimestamps: profile == .v1_20)
        let empty = (try? definition.schema.decoded(.object([:]), &decoding)) ?? .object([:])
        return definition.storedAs == nil ? empty : EventConversion.stored(empty)
    }

    /// The schema of a kind's objects as they are stored.
    func storedSchema(_ definition: ResourceDefinition) -> TypeSchema {
        guard let storage = definition.storedAs, let stored = self.definition(storage) else {
            return definition.mergeSchema ?? definition.schema
        }
        return stored.schema
    }

    /// Fields that an endpoint resets, so that nobody comes to own them through it (`GetResetFields`, since 1.22).
    func ignoredFields(_ definition: ResourceDefinition, _ subresource: String?) -> FieldSet {
        var fields = FieldSet()
        guard profile == .current, definition.hasStatus else { return fields }
        if subresource == nil {
            fields.insert([.field("status")])
        } else if definition.custom == nil {
            fields.insert([.field("spec")])
            fields.insert([.field("metadata"), .field("labels")])
        } else {
            for name in definition.schema.fields.keys where name != "status" { fields.insert([.field(name)]) }
        }
        return fields
    }

    /// What a write is recorded under in `managedFields`.
    func managing(
        _ options: WriteOptions,
        _ resource: ResourceRequest,
        isApply: Bool,
        now: Timestamp
    ) -> FieldManagement.Request {
        let apiVersion = resource.definition.apiVersion
        let manager = FieldManagement.Manager(
            name: options.manager,
            isApply: isApply,
            apiVersion: isApply ? "" : apiVersion,
            subresource: profile == .current ? resource.subresource ?? "" : ""
        )
        return FieldManagement.Request(
            manager: manager,
            apiVersion: apiVersion,
            ignored: ignoredFields(resource.definition, resource.subresource),
            now: now
        )
    }
}

extension JSONValue {
    /// The object without `metadata.managedFields`: what field managers own.
    var withoutManagedFields: JSONValue {
        var object = self
        object.editIfPresent("metadata") { $0["managedFields"] = nil }
        return object
    }
}
