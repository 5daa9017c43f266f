import Artifacts
import JSON
import KubernetesAPI

extension APIServerState {
    mutating func put(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        guard let name = resource.name else { throw .methodNotAllowed("update") }
        let definition = resource.definition
        let options = try WriteOptions(request, kind: "UpdateOptions", profile: profile)
        let json = try identified(try document(in: request), resource)
        guard json[path: "metadata", "name"]?.string == name else { throw .badRequest("name must be provided") }
        let admitted = try admitted(json, definition)
        let warnings = try warnings(admitted.unknown, options)
        let key = ObjectKey(namespace: resource.namespace ?? "", name: name)
        guard let old = store.object(definition.storage, key) else {
            guard definition.behaviour.createsOnUpdate, resource.subresource == nil else {
                throw .notFound(definition.name, name)
            }
            let created = try create(admitted.object, resource, options, now: now)
            return respond(201, created, definition, request, now)
        }
        let new = try update(old, to: admitted.object, resource, options, now: now)
        var response = respond(200, new, definition, request, now)
        response.warnings = warnings
        return response
    }

    /// Replaces `old` by an admitted document, recording who changed which fields.
    mutating func update(
        _ old: JSONValue,
        to new: JSONValue,
        _ resource: ResourceRequest,
        _ options: WriteOptions,
        now: Timestamp
    ) throws(APIFailure) -> JSONValue {
        let live = FieldManagement(json: old[path: "metadata", "managedFields"]) ?? FieldManagement()
        var management = live
        // A client may take managers away, or reset them all with `[{}]`; through a subresource it may not.
        if resource.subresource == nil, let given = new[path: "metadata", "managedFields"]?.array {
            if given.isEmpty || given == [.object([:])] {
                management = FieldManagement()
            } else if let sent = FieldManagement(json: .array(given)) {
                management = sent
            }
        }
        // An object that nobody manages is not tracked before the first apply (`skipNonAppliedManager`).
        if !management.entries.isEmpty {
            let before = TypedValue(value: old.withoutManagedFields, schema: storedSchema(resource.definition))
            management.update(
                from: before,
                to: new.withoutManagedFields,
                managing(options, resource, isApply: false, now: now)
            )
        }
        return try replace(old, with: new, resource, options, management: management)
    }

    /// Stores `new` in the place of `old`, as far as the endpoint lets it, and returns what is stored.
    mutating func replace(
        _ old: JSONValue,
        with new: JSONValue,
        _ resource: ResourceRequest,
        _ options: WriteOptions,
        management: FieldManagement
    ) throws(APIFailure) -> JSONValue {
        let definition = resource.definition
        let name = resource.name ?? old[path: "metadata", "name"]?.string ?? ""
        try checkPreconditions(new, old, definition, name)
        var object = strategy(new.withoutManagedFields, old.withoutManagedFields, resource)
        let saved = allocations
        if resource.subresource == nil { definition.behaviour.prepareUpdate(&object, old, &allocations) }
        // Annotations that a controller writes along with the status make no new generation.
        let generation =
            resource.subresource == nil
            ? generation(object, old, definition) : old[path: "metadata", "generation"]
        object.edit("metadata") { $0["generation"] = generation }
        let issues = updateIssues(object, old, resource)
        guard issues.isEmpty else {
            allocations = saved
            throw .invalid(definition.kind, group: definition.name.group, name, issues)
        }
        object.edit("metadata") { metadata in
            metadata["managedFields"] = management.json
            metadata["resourceVersion"] = old[path: "metadata", "resourceVersion"]
        }
        if options.isDryRun {
            allocations = saved
            return object
        }
        // etcd3 `GuaranteedUpdate`: equal bytes are not written.
        guard object != old else { return old }
        let key = ObjectKey(namespace: resource.namespace ?? "", name: name)
        if object[path: "metadata", "deletionTimestamp"] != nil,
            (object[path: "metadata", "finalizers"] ?? .null).isEmpty,
            (object[path: "metadata", "deletionGracePeriodSeconds"] ?? .null).isEmpty
        {
            return vanish(definition, key, lastState: object) ?? object
        }
        if definition.name == CustomResourceKinds.name {
            CustomResourceKinds.establish(&object, now: old[path: "metadata", "creationTimestamp"] ?? "")
        }
        let stored = store.put(definition.storage, key, object)
        if definition.name == CustomResourceKinds.name { serve(definition: name, as: stored) }
        return stored
    }

    private func checkPreconditions(
        _ new: JSONValue,
        _ old: JSONValue,
        _ definition: ResourceDefinition,
        _ name: String
    ) throws(APIFailure) {
        let present = old[path: "metadata", "resourceVersion"]?.string ?? ""
        let version = new[path: "metadata", "resourceVersion"]?.string ?? ""
        if version.isEmpty || version == "0" {
            guard definition.behaviour.allowsUnconditionalUpdate else {
                throw .invalid(
                    definition.kind,
                    group: definition.name.group,
                    name,
                    [
                        .init(
                            kind: .invalid,
                            field: "metadata.resourceVersion",
                            message: "Invalid value: 0x0: must be specified for an update"
                        )
                    ]
                )
            }
        } else if Int64(version) == nil {
            throw .invalid(
                definition.kind,
                group: definition.name.group,
                name,
                [
                    .invalid(
                        "metadata.resourceVersion",
                        .string(version),
                        "strconv.ParseUint: parsing \"\(version.prefix(64))\": invalid syntax"
                    )
                ]
            )
        } else if version != present {
            throw .conflict(definition.name, name, APIFailure.modified)
        }
        let uid = new[path: "metadata", "uid"]?.string ?? ""
        let presentUID = old[path: "metadata", "uid"]?.string ?? ""
        if !uid.isEmpty, uid != presentUID {
            throw .conflict(
                definition.name,
                name,
                "StorageError: invalid object, Code: 4, Key: \(name), ResourceVersion: 0, AdditionalErrorMsg: Precondition "
                    + "failed: UID in precondition: \(uid), UID in object meta: \(presentUID)"
            )
        }
    }

    /// What of `new` the endpoint lets through.
    private func strategy(_ new: JSONValue, _ old: JSONValue, _ resource: ResourceRequest) -> JSONValue {
        let definition = resource.definition
        var object = new
        if resource.subresource == nil {
            if definition.hasStatus { object["status"] = old["status"] }
        } else {
            let labels = old[path: "metadata", "labels"]
            if definition.custom == nil {
                for member in (old.object ?? [:]).keys where !["metadata", "status"].contains(member) {
                    object[member] = old[member]
                }
                object.edit("metadata") { $0["labels"] = labels }
            } else {
                object = old
                object["status"] = new["status"]
            }
        }
        // What only the server writes.
        let before = old["metadata"] ?? .object([:])
        object.edit("metadata") { metadata in
            for member in [
                "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
                "generation", "selfLink", "generateName",
            ] { metadata[member] = before[member] }
        }
        return object
    }

    private func generation(_ new: JSONValue, _ old: JSONValue, _ definition: ResourceDefinition) -> JSONValue? {
        let present = old[path: "metadata", "generation"]
        func content(_ object: JSONValue) -> JSONValue {
            var content = object
            content["metadata"] = nil
            if definition.hasStatus { content["status"] = nil }
            return content
        }
        let changed: Bool
        switch definition.behaviour.generation {
        case .none: changed = false
        case .spec: changed = new["spec"] != old["spec"]
        case .specAndAnnotations:
            changed =
                new["spec"] != old["spec"]
                || new[path: "metadata", "annotations"] != old[path: "metadata", "annotations"]
        case .content: changed = content(new) != content(old)
        }
        return changed ? .integer((present?.integer ?? 0) &+ 1) : present
    }

    private func updateIssues(_ new: JSONValue, _ old: JSONValue, _ resource: ResourceRequest) -> [FieldIssue] {
        var issues = issues(new, resource.definition)
        if resource.subresource == nil { issues += resource.definition.behaviour.validateUpdate(new, old) }
        if old[path: "metadata", "deletionTimestamp"] != nil {
            let present = old[path: "metadata", "finalizers"]?.array ?? []
            let added = (new[path: "metadata", "finalizers"]?.array ?? []).filter { !present.contains($0) }
            if !added.isEmpty {
                let list = added.map(\.canonicalText).joined(separator: ", ")
                issues.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"
                    )
                )
            }
        }
        return issues
    }
}
