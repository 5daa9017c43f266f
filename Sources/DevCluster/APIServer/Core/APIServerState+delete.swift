import Artifacts
import JSON
import KubernetesAPI

extension APIServerState {
    private struct DeleteOptions {
        var isDryRun = false
        var gracePeriod: Int64?
        var propagation: String?
        var uid: String?
        var resourceVersion: String?
    }

    mutating func delete(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        let options = try deleteOptions(request)
        let object = try existing(resource)
        let outcome = try delete(object, resource, options, now)
        if let left = outcome { return respond(200, left, resource.definition, request, now) }
        let metadata = object["metadata"] ?? .null
        return APIResponse(
            200,
            [
                "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Success",
                "details": [
                    "name": metadata["name"] ?? "", "group": .string(resource.definition.name.group),
                    "kind": .string(resource.definition.name.plural), "uid": metadata["uid"] ?? "",
                ],
            ]
        )
    }

    mutating func deleteCollection(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        guard resource.definition.verbs.contains("deletecollection") else {
            throw .methodNotAllowed("deletecollection")
        }
        let options = try deleteOptions(request)
        let selection = try selection(request, resource)
        let matching = store.objects(resource.definition.storage).filter { selection.matches($0.key, $0.value) }
        for key in matching.keys.sorted() {
            guard let object = matching[key] else { continue }
            var one = resource
            one.namespace = resource.definition.isNamespaced ? key.namespace : nil
            one.name = key.name
            _ = try delete(object, one, options, now)
        }
        return respond(
            list: matching.keys.sorted().compactMap { matching[$0] },
            metadata: ["resourceVersion": .string(String(store.revision))],
            resource.definition,
            request,
            now
        )
    }

    private func deleteOptions(_ request: APIRequest) throws(APIFailure) -> DeleteOptions {
        var options = DeleteOptions()
        var json = JSONValue.object([:])
        if !request.body.isEmpty {
            do throws(JSONError) {
                json = try JSONValue(parsing: request.body)
            } catch {
                throw .badRequest("couldn't get version/kind; json parse error: \(error)")
            }
        }
        options.isDryRun = request.value("dryRun") == "All" || json["dryRun"] == ["All"]
        options.gracePeriod =
            json["gracePeriodSeconds"]?.integer ?? request.value("gracePeriodSeconds").flatMap { Int64($0) }
        options.propagation = json["propagationPolicy"]?.string ?? request.value("propagationPolicy")
        if options.propagation == nil, let orphans = json["orphanDependents"]?.bool {
            options.propagation = orphans ? "Orphan" : "Background"
        }
        options.uid = json[path: "preconditions", "uid"]?.string
        options.resourceVersion = json[path: "preconditions", "resourceVersion"]?.string
        func invalid(_ issue: FieldIssue) -> APIFailure { .invalid("DeleteOptions", group: "meta.k8s.io", "", [issue]) }
        if let policy = options.propagation, !["Foreground", "Background", "Orphan"].contains(policy) {
            throw invalid(.notSupported("propagationPolicy", .string(policy), ["Background", "Foreground", "Orphan"]))
        }
        if let period = options.gracePeriod, period < 0 {
            throw invalid(.invalid("gracePeriodSeconds", .integer(period), "must be greater than or equal to 0"))
        }
        return options
    }

    /// Deletes an object, or marks it as being deleted. Returns what is left of it; nil where it is gone.
    private mutating func delete(
        _ object: JSONValue,
        _ resource: ResourceRequest,
        _ options: DeleteOptions,
        _ now: Timestamp
    ) throws(APIFailure) -> JSONValue? {
        let definition = resource.definition
        let metadata = object["metadata"] ?? .object([:])
        let key = ObjectKey(namespace: resource.namespace ?? "", name: resource.name ?? "")
        if let uid = options.uid, uid != metadata["uid"]?.string {
            throw .conflict(
                definition.name,
                key.name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(metadata["uid"]?.string ?? "")). "
                    + "The object might have been deleted and then recreated"
            )
        }
        if let version = options.resourceVersion, version != metadata["resourceVersion"]?.string {
            throw .conflict(
                definition.name,
                key.name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(metadata["resourceVersion"]?.string ?? "")). The object might have been modified"
            )
        }
        var finalizers = metadata["finalizers"]?.array ?? []
        switch options.propagation {
        case "Foreground"?:
            finalizers.removeAll { $0 == "orphan" }
            if !finalizers.contains("foregroundDeletion") { finalizers.append("foregroundDeletion") }
        case "Orphan"?:
            finalizers.removeAll { $0 == "foregroundDeletion" }
            if !finalizers.contains("orphan") { finalizers.append("orphan") }
        case "Background"?: finalizers.removeAll { $0 == "orphan" || $0 == "foregroundDeletion" }
        default: break
        }
        let isNamespace = definition.kind == "Namespace" && !(object[path: "spec", "finalizers"] ?? .null).isEmpty
        let grace = options.gracePeriod ?? definition.behaviour.gracePeriod(object)
        let isGraceful = definition.behaviour.gracePeriod(object) != nil && (grace ?? 0) > 0
        guard isGraceful || isNamespace || !finalizers.isEmpty else {
            if !options.isDryRun { vanish(definition, key) }
            return nil
        }
        var marked = object
        marked.edit("metadata") { metadata in
            metadata["finalizers"] = finalizers.isEmpty ? nil : .array(finalizers)
            let period = isGraceful ? grace ?? 0 : 0
            let isFirst = metadata["deletionTimestamp"] == nil
            if isFirst || period < metadata["deletionGracePeriodSeconds"]?.integer ?? 0 {
                metadata["deletionTimestamp"] = .string((now + .seconds(min(period, 1 << 32))).rfc3339)
                metadata["deletionGracePeriodSeconds"] = .integer(period)
            }
            if isFirst, let generation = metadata["generation"]?.integer {
                metadata["generation"] = .integer(generation &+ 1)
            }
        }
        if isNamespace { marked.edit("status") { $0["phase"] = "Terminating" } }
        guard !options.isDryRun, marked != object else { return marked }
        return store.put(definition.storage, key, marked)
    }

    /// Takes an object out of the store, with everything that hangs on it in the server itself.
    @discardableResult
    mutating func vanish(_ definition: ResourceDefinition, _ key: ObjectKey, lastState: JSONValue? = nil) -> JSONValue?
    {
        let last = store.remove(definition.storage, key, lastState: lastState)
        if definition.name.plural == "services", definition.name.group.isEmpty {
            if let address = last?[path: "spec", "clusterIP"]?.string { allocations.release(address: address) }
            for port in last?[path: "spec", "ports"]?.array ?? [] {
                if let number = port["nodePort"]?.integer { allocations.release(port: number) }
            }
        }
        if definition.name == CustomResourceKinds.name, let last {
            let resources = CustomResourceKinds.resources(of: last, profile)
            serve(definition: key.name, as: nil)
            // The objects go with their kind; watches on it end.
            if let name = resources.first?.name {
                for key in store.objects(name).keys.sorted() { store.remove(name, key) }
            }
            watchEpoch += 1
        }
        return last
    }
}
