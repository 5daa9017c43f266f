import Artifacts
import JSON
import KubernetesAPI

/// Where an open watch stands. Pulled: the server holds nothing for a watch but this value.
struct WatchCursor: Sendable {
    var definition: ResourceDefinition
    var selection: APIServerState.Selection
    var representation: APIServerState.Representation
    var includeObject: String?
    /// Everything up to here was sent.
    var version: Int64
    /// The state that is sent first, as additions.
    var startsWithState: Bool
    /// Whether the state is followed by the bookmark that ends it (WatchList).
    var marksEndOfState: Bool
    var sendsBookmarks: Bool
    var timeoutSeconds: Int64
    /// The epoch in which it was opened: a later one ends it.
    var epoch: Int
    /// The version of the last event or bookmark.
    var announced: Int64
}

/// What a watch has to send.
enum WatchOutput: Sendable {
    /// Nothing yet.
    case nothing
    case lines([UInt8])
    /// These lines, and then the end.
    case last([UInt8])
}

extension APIServerState {
    func openWatch(_ request: APIRequest, _ resource: ResourceRequest) throws(APIFailure) -> WatchCursor {
        let definition = resource.definition
        let sendsState = request.value("sendInitialEvents").map { $0 == "true" || $0 == "1" }
        let match = request.value("resourceVersionMatch") ?? ""
        func invalid(_ issue: FieldIssue) -> APIFailure { .invalid("ListOptions", group: "meta.k8s.io", "", [issue]) }
        switch profile {
        case .v1_20:
            guard match.isEmpty else {
                throw invalid(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch"))
            }
        case .current:
            if sendsState != nil, match != "NotOlderThan" {
                throw invalid(
                    .forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                    )
                )
            }
            if sendsState == nil, !match.isEmpty {
                throw invalid(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                    )
                )
            }
        }
        let text = request.value("resourceVersion") ?? ""
        guard let version = Int64(text.isEmpty ? "0" : text), version >= 0 else { throw malformed(version: text) }
        let isWatchList = profile == .current && sendsState == true
        if isWatchList, version > store.revision { throw .tooLargeResourceVersion(version, present: store.revision) }
        let bookmarks = request.isSet("allowWatchBookmarks")
        let startsWithState = isWatchList || (version == 0 && !(profile == .current && sendsState == false))
        let timeout = request.value("timeoutSeconds").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        return WatchCursor(
            definition: definition,
            selection: try selection(request, resource),
            representation: Representation(accept: request.accept),
            includeObject: request.value("includeObject"),
            version: version == 0 ? store.revision : version,
            startsWithState: startsWithState,
            marksEndOfState: isWatchList && bookmarks,
            sendsBookmarks: bookmarks,
            timeoutSeconds: min(timeout ?? 1800, 86_400),
            epoch: watchEpoch,
            announced: version == 0 ? store.revision : version
        )
    }

    /// What `cursor` has not sent yet; moves it on.
    func pull(_ cursor: inout WatchCursor, now: Timestamp) -> WatchOutput {
        var lines: [UInt8] = []
        func append(_ type: String, _ object: JSONValue) {
            let event: JSONValue = ["type": .string(type), "object": object]
            lines += event.canonicalBytes
            lines.append(0x0A)
        }
        func document(_ object: JSONValue) -> JSONValue {
            self.document(object, cursor.definition, cursor.representation, cursor.includeObject, now)
        }
        // A server that goes away ends its watches, and the next one does not know what was before it.
        if cursor.epoch != watchEpoch { return .last([]) }
        if cursor.startsWithState {
            cursor.startsWithState = false
            cursor.version = store.revision
            cursor.announced = store.revision
            let objects = store.objects(cursor.definition.storage).filter { cursor.selection.matches($0.key, $0.value) }
            for (_, object) in objects.sorted(by: { $0.key < $1.key }) { append("ADDED", document(object)) }
            if cursor.marksEndOfState {
                append("BOOKMARK", bookmark(cursor, version: store.revision, endsState: true))
            }
            return lines.isEmpty ? .nothing : .lines(lines)
        }
        guard let changes = store.changes(cursor.definition.storage, after: cursor.version) else {
            append("ERROR", APIFailure.expired("too old resource version: \(cursor.version) (\(store.watchable))").json)
            return .last(lines)
        }
        for change in changes {
            cursor.version = change.revision
            let before = change.previous.map { cursor.selection.matches(change.key, $0) } ?? false
            let after = change.kind != .deleted && cursor.selection.matches(change.key, change.object)
            switch (before, after) {
            case (false, false): continue
            case (false, true): append("ADDED", document(change.object))
            case (true, true): append("MODIFIED", document(change.object))
            case (true, false):
                // What left the selection is reported as it was, under the version of the change.
                var gone = change.kind == .deleted ? change.object : change.previous ?? change.object
                gone.edit("metadata") { $0["resourceVersion"] = .string(String(change.revision)) }
                append("DELETED", document(gone))
            }
            cursor.announced = change.revision
        }
        return lines.isEmpty ? .nothing : .lines(lines)
    }

    /// The line of a bookmark; nil where the client wants none or knows the version already.
    ///
    /// 1.20 sends the version of the resource's own last write; present servers that of the whole store, by way of
    /// etcd's progress notifications.
    func bookmarkLine(_ cursor: inout WatchCursor) -> [UInt8]? {
        guard cursor.sendsBookmarks, cursor.epoch == watchEpoch else { return nil }
        let version = profile == .current ? store.revision : store.lastRevision(cursor.definition.storage)
        guard version > cursor.announced else { return nil }
        cursor.announced = version
        let event: JSONValue = [
            "type": "BOOKMARK", "object": bookmark(cursor, version: version, endsState: false),
        ]
        return event.canonicalBytes + [0x0A]
    }

    private func bookmark(_ cursor: WatchCursor, version: Int64, endsState: Bool) -> JSONValue {
        var metadata: JSONValue = ["resourceVersion": .string(String(version)), "creationTimestamp": .null]
        if endsState { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        return [
            "kind": .string(cursor.definition.kind), "apiVersion": .string(cursor.definition.apiVersion),
            "metadata": metadata,
        ]
    }
}
