import Artifacts
import JSON
import KubernetesAPI

extension APIServerState {
    /// Which objects of a resource a request is about.
    struct Selection: Sendable {
        var namespace: String?
        var labels = LabelSelector.everything
        var fields = FieldSelector()

        func matches(_ key: ObjectKey, _ object: JSONValue) -> Bool {
            if let namespace, key.namespace != namespace { return false }
            return labels.matches(labels: object[path: "metadata", "labels"]) && fields.matches(object)
        }

        var selectsByContent: Bool { labels != .everything || !fields.requirements.isEmpty }
    }

    func get(_ request: APIRequest, _ resource: ResourceRequest, _ now: Timestamp) throws(APIFailure) -> APIResponse {
        if let version = request.value("resourceVersion"), !version.isEmpty {
            guard let number = Int64(version), number >= 0 else { throw malformed(version: version) }
            guard number <= store.revision else { throw .tooLargeResourceVersion(number, present: store.revision) }
        }
        let object = try existing(resource)
        return respond(200, object, resource.definition, request, now)
    }

    /// The object that a request names. Throws 404 where there is none.
    func existing(_ resource: ResourceRequest) throws(APIFailure) -> JSONValue {
        let definition = resource.definition
        let name = resource.name ?? ""
        guard let object = store.object(definition.storage, ObjectKey(namespace: resource.namespace ?? "", name: name))
        else { throw .notFound(definition.name, name) }
        return object
    }

    func selection(_ request: APIRequest, _ resource: ResourceRequest) throws(APIFailure) -> Selection {
        var selection = Selection(namespace: resource.namespace)
        if let text = request.value("labelSelector"), !text.isEmpty {
            guard let labels = LabelSelector(text) else {
                throw .badRequest("unable to parse requirement: found '\(text.prefix(200))', expected a label selector")
            }
            selection.labels = labels
        }
        if let text = request.value("fieldSelector"), !text.isEmpty {
            guard let fields = FieldSelector(text) else {
                throw .badRequest("invalid selector: '\(text.prefix(200))'; can't understand it")
            }
            for requirement in fields.requirements {
                let field = requirement.field
                let isKnown =
                    field == "metadata.name"
                    || (field == "metadata.namespace" && resource.definition.isNamespaced)
                    || resource.definition.selectableFields.contains(field)
                guard isKnown else { throw .badRequest("field label not supported: \(field)") }
            }
            selection.fields = fields
        }
        if let name = resource.name {
            selection.fields.requirements.append(.init(field: "metadata.name", value: name, isEqual: true))
        }
        return selection
    }

    // MARK: Lists

    func list(_ request: APIRequest, _ resource: ResourceRequest, _ now: Timestamp) throws(APIFailure) -> APIResponse {
        let definition = resource.definition
        let selection = try selection(request, resource)
        let page = try page(request, definition)
        let all: [ObjectKey: JSONValue]
        if let objects = store.objects(definition.storage, at: page.version) {
            all = objects
        } else if page.start != nil {
            throw .expired(
                APIServerState.continueExpired,
                continueToken: ContinueToken(version: -1, start: page.start).text
            )
        } else {
            throw .expired("The resourceVersion for the provided list is too old.")
        }
        let matching = all.filter { selection.matches($0.key, $0.value) }
        var keys = matching.keys.sorted()
        if let start = page.start { keys.removeFirst(keys.firstIndex { start < $0 } ?? keys.count) }
        var metadata: [String: JSONValue] = ["resourceVersion": .string(String(page.version))]
        if let limit = page.limit, keys.count > limit {
            let rest = keys.count - limit
            keys = Array(keys.prefix(limit))
            metadata["continue"] = .string(ContinueToken(version: page.version, start: keys.last).text)
            if !selection.selectsByContent { metadata["remainingItemCount"] = .integer(Int64(rest)) }
        }
        let objects = keys.compactMap { matching[$0] }
        return respond(list: objects, metadata: .object(metadata), definition, request, now)
    }

    static let continueExpired =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
        + "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
        + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
        + "deleted between the time the first chunk was returned and now may show up in the list."

    /// 1.20 takes it for a failure of its own.
    func malformed(version: String) -> APIFailure {
        let text = version.prefix(64)
        let message = "Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax"
        guard profile == .v1_20 else { return .badRequest(message) }
        return APIFailure(code: 500, reason: "", message: "resourceVersion: " + message)
    }

    private struct Page {
        var version: Int64
        var start: ObjectKey?
        var limit: Int?
    }

    private func page(_ request: APIRequest, _ definition: ResourceDefinition) throws(APIFailure) -> Page {
        func invalid(_ issue: FieldIssue) -> APIFailure { .invalid("ListOptions", group: "meta.k8s.io", "", [issue]) }
        let limit = request.value("limit").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let version = request.value("resourceVersion") ?? ""
        let match = request.value("resourceVersionMatch") ?? ""
        if !match.isEmpty {
            if request.value("continue")?.isEmpty == false {
                throw invalid(
                    .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
                )
            }
            if version.isEmpty {
                throw invalid(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden unless resourceVersion is provided"
                    )
                )
            }
            guard match == "Exact" || match == "NotOlderThan" else {
                throw invalid(.notSupported("resourceVersionMatch", .string(match), ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact", version == "0" {
                throw invalid(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""
                    )
                )
            }
        }
        if let text = request.value("continue"), !text.isEmpty {
            guard let token = ContinueToken(text) else { throw .badRequest("continue key is not valid") }
            guard version.isEmpty || version == "0" else {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            return Page(version: token.version < 0 ? store.revision : token.version, start: token.start, limit: limit)
        }
        if version.isEmpty { return Page(version: store.revision, limit: limit) }
        guard let number = Int64(version), number >= 0 else { throw malformed(version: version) }
        // From the cache, which knows no pages.
        if number == 0 { return Page(version: store.revision) }
        guard number <= store.revision else { throw .tooLargeResourceVersion(number, present: store.revision) }
        let isExact = match == "Exact" || (match.isEmpty && limit != nil)
        return Page(version: isExact ? number : store.revision, limit: isExact || match.isEmpty == false ? limit : nil)
    }
}

/// Where a list goes on (apiserver `storage/continue.go`).
struct ContinueToken: Sendable, Hashable {
    /// The version of the first page; -1 where consistency was given up.
    var version: Int64
    /// The last object that was listed.
    var start: ObjectKey?

    init(version: Int64, start: ObjectKey?) {
        self.version = version
        self.start = start
    }

    /// Nil where `text` is no such token.
    init?(_ text: String) {
        guard text.utf8.count <= 4096, let bytes = [UInt8](base64URL: text), let json = try? JSONValue(parsing: bytes),
            json["v"] == "meta.k8s.io/v1", let version = json["rv"]?.integer, let start = json["start"]?.string
        else { return nil }
        let parts = start.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        self.version = version
        self.start = ObjectKey(namespace: parts[0], name: parts[1])
    }

    var text: String {
        let start = start.map { "\($0.namespace)/\($0.name)" } ?? "/"
        let json: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(version), "start": .string(start)]
        return json.canonicalBytes.base64URL
    }
}
