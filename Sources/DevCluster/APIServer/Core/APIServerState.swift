import Artifacts
import HTTPTypes
import JSON
import KubernetesAPI

/// An API server as a value: requests in, answers out; time comes with the request and nothing is ever waited for.
struct APIServerState: Sendable {
    let profile: APIServerProfile
    var store: ObjectStore
    var allocations: ServerAllocations
    var counts = RequestCounts()
    /// Grows whenever open watches have to end.
    var watchEpoch = 0
    /// The kinds that are served, in the order of their group's appearance.
    private(set) var definitions: [ResourceDefinition]
    private var index: [String: Int] = [:]

    init(profile: APIServerProfile, historyLimit: Int, seed: UInt64, now: Timestamp) {
        self.profile = profile
        store = ObjectStore(historyLimit: historyLimit)
        allocations = ServerAllocations(seed: seed)
        definitions = BuiltInResources.all(profile)
        reindex()
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let request = ResourceRequest(definition: definition("", "v1", "namespaces") ?? definitions[0])
            _ = try? create(
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]],
                request,
                WriteOptions(manager: "kube-apiserver"),
                now: now
            )
        }
    }

    // MARK: Kinds

    private mutating func reindex() {
        index = [:]
        for (offset, definition) in definitions.enumerated() {
            index[APIServerState.indexKey(definition.name.group, definition.version, definition.name.plural)] = offset
        }
    }

    private static func indexKey(_ group: String, _ version: String, _ plural: String) -> String {
        "\(group)/\(version)/\(plural)"
    }

    /// The kind under a group, version and plural.
    func definition(_ group: String, _ version: String, _ plural: String) -> ResourceDefinition? {
        index[APIServerState.indexKey(group, version, plural)].map { definitions[$0] }
    }

    /// The kind of that API version and kind.
    func definition(apiVersion: String, kind: String) -> ResourceDefinition? {
        definitions.first { $0.apiVersion == apiVersion && $0.kind == kind }
    }

    /// Any version of a resource.
    func definition(_ name: ResourceName) -> ResourceDefinition? { definitions.first { $0.name == name } }

    /// Takes the kinds of a CustomResourceDefinition up anew, or, with nil, away.
    mutating func serve(definition name: String, as object: JSONValue?) {
        definitions.removeAll { $0.custom?.definition == name }
        if let object { definitions += CustomResourceKinds.resources(of: object, profile) }
        reindex()
    }

    // MARK: Requests

    /// The longest body that is read.
    static let maximumBody = 3 << 20

    /// Answers a request.
    /// - Parameter user: nil where the credential was refused.
    mutating func respond(to request: APIRequest, by user: APIServerUser?, now: Timestamp) -> APIAnswer {
        do throws(APIFailure) {
            if let answer = unauthenticated(request) { return .response(answer) }
            guard let user else { throw .unauthorized }
            if let answer = try discovery(request) { return .response(answer) }
            if let answer = try review(request, user, now) { return .response(answer) }
            let resource = try resolve(request)
            let verb = resource.verb(request)
            try authorize(user, verb, resource)
            count(request, resource, verb)
            return try answer(request, resource, verb, now)
        } catch {
            return .response(APIResponse(error))
        }
    }

    private mutating func answer(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ verb: String,
        _ now: Timestamp
    ) throws(APIFailure) -> APIAnswer {
        guard Representation.isAcceptable(request.accept) else { throw .notAcceptable }
        for parameter in ["limit", "timeoutSeconds"] {
            guard let text = request.value(parameter), !text.isEmpty, Int64(text) == nil else { continue }
            throw .badRequest("strconv.ParseInt: parsing \"\(text.prefix(64))\": invalid syntax")
        }
        if resource.subresource == "scale" { return .response(try scale(request, resource, now)) }
        switch verb {
        case "get": return .response(try get(request, resource, now))
        case "list": return .response(try list(request, resource, now))
        case "watch": return .watch(try openWatch(request, resource))
        case "create": return .response(try post(request, resource, now))
        case "update": return .response(try put(request, resource, now))
        case "patch": return .response(try patch(request, resource, now))
        case "delete": return .response(try delete(request, resource, now))
        case "deletecollection": return .response(try deleteCollection(request, resource, now))
        default: throw .methodNotAllowed(verb)
        }
    }

    /// What a kubelet would answer from inside of a pod.
    private static let inPods: Set<String> = ["attach", "exec", "log", "portforward", "proxy"]

    private func resolve(_ request: APIRequest) throws(APIFailure) -> ResourceRequest {
        var path = request.path[...]
        let group: String
        switch path.popFirst() {
        case "api"?: group = ""
        case "apis"?: group = path.popFirst() ?? ""
        default: throw .unknownPath
        }
        guard let version = path.popFirst(), var plural = path.popFirst() else { throw .unknownPath }
        var namespace: String?
        if plural == "namespaces", path.count >= 2, !(path.count == 2 && ["status", "finalize"].contains(path.last)) {
            namespace = path.popFirst()
            plural = path.popFirst() ?? ""
        }
        guard let definition = definition(group, version, plural), definition.isNamespaced || namespace == nil else {
            throw .unknownPath
        }
        let name = path.popFirst()
        let subresource = path.popFirst()
        if definition.name == ResourceName(group: "", plural: "pods"), let subresource,
            APIServerState.inPods.contains(subresource)
        {
            throw .simulatedPod(subresource)
        }
        guard path.isEmpty, name != "", namespace != "" else { throw .unknownPath }
        if let subresource, !definition.subresources.contains(subresource) { throw .unknownPath }
        if name != nil, definition.isNamespaced, namespace == nil { throw .unknownPath }
        return ResourceRequest(definition: definition, namespace: namespace, name: name, subresource: subresource)
    }

    private func authorize(_ user: APIServerUser, _ verb: String, _ resource: ResourceRequest) throws(APIFailure) {
        guard !user.may(verb) else { return }
        let definition = resource.definition
        let scope = resource.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        let subresource = resource.subresource.map { "/" + $0 } ?? ""
        let named = resource.name.map { " \"\($0)\"" } ?? ""
        throw APIFailure(
            code: 403,
            reason: "Forbidden",
            message: "\(definition.name)\(named) is forbidden: User \"\(user.name)\" cannot \(verb) resource "
                + "\"\(definition.name.plural)\(subresource)\" in API group \"\(definition.name.group)\" \(scope)",
            name: resource.name ?? "",
            group: definition.name.group,
            kind: definition.name.plural
        )
    }

    private mutating func count(_ request: APIRequest, _ resource: ResourceRequest, _ verb: String) {
        guard request.value("dryRun") == nil else { return }
        let isApply = verb == "patch" && request.contentType.hasPrefix(PatchType.apply.rawValue)
        counts.add(
            RequestCounts.Kind(
                verb: isApply ? "apply" : verb,
                resource: resource.definition.name.description,
                subresource: resource.subresource ?? ""
            )
        )
    }

    // MARK: Documents

    /// An object of the store as a kind serves it.
    func served(_ object: JSONValue, _ definition: ResourceDefinition) -> JSONValue {
        var object = definition.storedAs == nil ? object : EventConversion.served(object)
        object["apiVersion"] = .string(definition.apiVersion)
        object["kind"] = .string(definition.kind)
        return object
    }
}
