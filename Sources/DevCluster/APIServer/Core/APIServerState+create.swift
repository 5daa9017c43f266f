import Artifacts
import JSON
import KubernetesAPI

extension APIServerState {
    mutating func post(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        guard resource.name == nil else { throw .methodNotAllowed("create") }
        let definition = resource.definition
        let options = try WriteOptions(request, kind: "CreateOptions", profile: profile)
        var json = try identified(try document(in: request), resource)
        if definition.isNamespaced, resource.namespace == nil {
            throw .badRequest("an empty namespace may not be set during creation")
        }
        if json[path: "metadata", "resourceVersion"]?.isEmpty == false {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let metadata = json["metadata"] ?? .object([:])
        if (metadata["name"]?.string ?? "").isEmpty, let prefix = metadata["generateName"]?.string, !prefix.isEmpty {
            let suffix = allocations.suffix()
            json.edit("metadata") { $0["name"] = .string(prefix + suffix) }
        }
        let admitted = try admitted(json, definition)
        let warnings = try warnings(admitted.unknown, options)
        let key = ObjectKey(
            namespace: resource.namespace ?? "",
            name: json[path: "metadata", "name"]?.string ?? ""
        )
        if !key.name.isEmpty, store.object(definition.storage, key) != nil {
            throw .alreadyExists(definition.name, key.name)
        }
        let created = try create(admitted.object, resource, options, now: now)
        var response = respond(201, created, definition, request, now)
        response.warnings = warnings
        return response
    }

    /// Creates an object from an admitted document.
    /// - Parameter management: who owns what where that is known already; nil makes the writer own everything.
    @discardableResult
    mutating func create(
        _ admitted: JSONValue,
        _ resource: ResourceRequest,
        _ options: WriteOptions,
        management given: FieldManagement? = nil,
        now: Timestamp
    ) throws(APIFailure) -> JSONValue {
        let definition = resource.definition
        let management = given ?? createdBy(admitted, resource, options, now)
        var object = admitted.withoutManagedFields
        if definition.isNamespaced { try requireNamespace(resource.namespace ?? "", definition) }
        // A dry run must not hand out addresses, but may use up chance.
        let saved = allocations
        let uid = allocations.uid()
        object.edit("metadata") { metadata in
            metadata["uid"] = .string(uid)
            metadata["creationTimestamp"] = .string(now.rfc3339)
            metadata["deletionTimestamp"] = nil
            metadata["deletionGracePeriodSeconds"] = nil
            metadata["resourceVersion"] = nil
            if case .none = definition.behaviour.generation {
                metadata["generation"] = nil
            } else {
                metadata["generation"] = 1
            }
        }
        if definition.hasStatus, definition.custom != nil { object["status"] = nil }
        definition.behaviour.prepareCreation(&object, &allocations)
        if definition.name == CustomResourceKinds.name {
            CustomResourceKinds.establish(&object, now: .string(now.rfc3339))
        }
        let issues = issues(object, definition)
        let name = object[path: "metadata", "name"]?.string ?? ""
        guard issues.isEmpty else {
            allocations = saved
            throw .invalid(definition.kind, group: definition.name.group, name, issues)
        }
        object.edit("metadata") { $0["managedFields"] = management.json }
        guard !options.isDryRun else {
            allocations = saved
            return object
        }
        let key = ObjectKey(namespace: resource.namespace ?? "", name: name)
        let stored = store.put(definition.storage, key, object)
        if definition.name == CustomResourceKinds.name { serve(definition: name, as: stored) }
        return stored
    }

    private func createdBy(
        _ object: JSONValue,
        _ resource: ResourceRequest,
        _ options: WriteOptions,
        _ now: Timestamp
    ) -> FieldManagement {
        var management = FieldManagement(json: object[path: "metadata", "managedFields"]) ?? FieldManagement()
        let empty = TypedValue(value: emptyObject(resource.definition), schema: storedSchema(resource.definition))
        management.update(
            from: empty,
            to: object.withoutManagedFields,
            managing(options, resource, isApply: false, now: now)
        )
        return management
    }

    private func requireNamespace(_ namespace: String, _ definition: ResourceDefinition) throws(APIFailure) {
        let namespaces = ResourceName(group: "", plural: "namespaces")
        guard let object = store.object(namespaces, ObjectKey(name: namespace)) else {
            throw .notFound(namespaces, namespace)
        }
        guard object[path: "metadata", "deletionTimestamp"] != nil else { return }
        var failure = APIFailure.forbidden(
            definition.name,
            "",
            "unable to create new content in namespace \(namespace) because it is being terminated"
        )
        failure.causes = [
            .init(
                reason: "NamespaceTerminating",
                message: "namespace \(namespace) is being terminated",
                field: "metadata.namespace"
            )
        ]
        throw failure
    }

    /// What is wrong with an object of a kind.
    func issues(_ object: JSONValue, _ definition: ResourceDefinition) -> [FieldIssue] {
        var issues =
            NameRules.issues(object, kind: definition.kind, isCustom: definition.custom != nil)
            + definition.behaviour.validate(object)
        if definition.custom != nil { issues += definition.schema.issues(object) }
        return issues
    }
}
