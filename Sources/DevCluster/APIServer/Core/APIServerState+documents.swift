import Artifacts
import JSON

/// The forms in which objects are answered: as they are, as rows of a table, or their metadata alone.
extension APIServerState {
    /// What a client asks for in `Accept`.
    enum Representation: Sendable, Hashable {
        case object
        case table(version: String)
        case metadata(version: String)

        init(accept: String) {
            self = .object
            // The first form that is understood counts, as the client ordered them.
            for entry in accept.split(separator: ",") {
                let parts = entry.split(separator: ";").map { $0.trimmingSpaces }
                guard parts.first == "application/json" || parts.first == "*/*" else { continue }
                let options = Dictionary(
                    parts.dropFirst().compactMap { part -> (String, String)? in
                        let halves = part.split(separator: "=", maxSplits: 1).map(String.init)
                        return halves.count == 2 ? (halves[0], halves[1]) : nil
                    },
                    uniquingKeysWith: { $1 }
                )
                let version = options["v"] ?? "v1"
                switch options["as"] {
                case nil: return
                case "Table"?:
                    self = .table(version: version)
                    return
                case "PartialObjectMetadata"?, "PartialObjectMetadataList"?:
                    self = .metadata(version: version)
                    return
                default: continue
                }
            }
        }

        /// Whether any of the forms in `accept` is spoken here. No header at all is.
        static func isAcceptable(_ accept: String) -> Bool {
            let entries = accept.split(separator: ",")
            return entries.isEmpty
                || entries.contains { entry in
                    let parts = entry.split(separator: ";").map { $0.trimmingSpaces }
                    guard let type = parts.first, ["application/json", "application/*", "*/*"].contains(type) else {
                        return false
                    }
                    let forms = parts.dropFirst().filter { $0.hasPrefix("as=") }.map { $0.dropFirst(3) }
                    return forms.allSatisfy {
                        ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"].contains($0)
                    }
                }
        }
    }

    func respond(
        _ status: Int,
        _ object: JSONValue,
        _ definition: ResourceDefinition,
        _ request: APIRequest,
        _ now: Timestamp
    ) -> APIResponse {
        APIResponse(
            status,
            document(object, definition, Representation(accept: request.accept), request.value("includeObject"), now)
        )
    }

    /// One object in the form asked for; also what a watch event carries.
    func document(
        _ object: JSONValue,
        _ definition: ResourceDefinition,
        _ representation: Representation,
        _ includeObject: String?,
        _ now: Timestamp
    ) -> JSONValue {
        switch representation {
        case .object: return served(object, definition)
        case .metadata(let version): return partial(object, version)
        case .table(let version):
            let metadata: JSONValue = ["resourceVersion": object[path: "metadata", "resourceVersion"] ?? ""]
            return table([object], metadata, definition, version, includeObject, now)
        }
    }

    func respond(
        list objects: [JSONValue],
        metadata: JSONValue,
        _ definition: ResourceDefinition,
        _ request: APIRequest,
        _ now: Timestamp
    ) -> APIResponse {
        switch Representation(accept: request.accept) {
        case .table(let version):
            return APIResponse(200, table(objects, metadata, definition, version, request.value("includeObject"), now))
        case .metadata(let version):
            return APIResponse(
                200,
                [
                    "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/" + version),
                    "metadata": metadata, "items": .array(objects.map { partial($0, version) }),
                ]
            )
        case .object:
            let items = objects.map { object in
                var item = served(object, definition)
                // Elements of a typed list carry no type of their own; those of custom resources do.
                if definition.custom == nil {
                    item["kind"] = nil
                    item["apiVersion"] = nil
                }
                return item
            }
            return APIResponse(
                200,
                [
                    "kind": .string(definition.listKind), "apiVersion": .string(definition.apiVersion),
                    "metadata": metadata, "items": .array(items),
                ]
            )
        }
    }

    private func partial(_ object: JSONValue, _ version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/" + version),
            "metadata": object["metadata"] ?? .object([:]),
        ]
    }

    private func table(
        _ objects: [JSONValue],
        _ metadata: JSONValue,
        _ definition: ResourceDefinition,
        _ version: String,
        _ includeObject: String?,
        _ now: Timestamp
    ) -> JSONValue {
        let columns = definition.columns.map { column -> JSONValue in
            [
                "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                "description": .string(column.description), "priority": .integer(Int64(column.priority)),
            ]
        }
        let rows = objects.map { object -> JSONValue in
            var row: JSONValue = ["cells": .array(definition.columns.map { $0.cell(object, now) })]
            switch includeObject {
            case "None"?: break
            case "Object"?: row["object"] = served(object, definition)
            default: row["object"] = partial(object, version)
            }
            return row
        }
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/" + version), "metadata": metadata,
            "columnDefinitions": .array(columns), "rows": .array(rows),
        ]
    }
}
