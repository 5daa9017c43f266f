import HTTPTypes
import JSON

/// What the server says of itself: health, version, groups, resources and schemas.
extension APIServerState {
    /// Paths that need no credential.
    func unauthenticated(_ request: APIRequest) -> APIResponse? {
        guard request.method == .get || request.method == .head, let first = request.path.first else { return nil }
        return ["healthz", "livez", "readyz"].contains(first) ? APIResponse(200, text: "ok") : nil
    }

    /// The answer to a discovery request; nil where the path is about objects.
    func discovery(_ request: APIRequest) throws(APIFailure) -> APIResponse? {
        guard request.method == .get || request.method == .head else { return nil }
        let path = request.path
        switch path.first {
        case nil:
            let paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/readyz", "/version"]
            return APIResponse(200, ["paths": .array(paths.map { .string($0) })])
        case "version"?:
            let version = profile.version
            return APIResponse(
                200,
                [
                    "major": .string(version.major), "minor": .string(version.minor),
                    "gitVersion": .string(version.git),
                    "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
                    "compiler": "swiftc", "platform": "linux/amd64",
                ]
            )
        case "openapi"?: return try openAPI(request)
        case "api"? where path.count == 1: return APIResponse(200, coreVersions(request))
        case "apis"? where path.count == 1: return APIResponse(200, groupList(request))
        case "apis"? where path.count == 2:
            guard groups.contains(path[1]) else { throw .unknownPath }
            return APIResponse(200, group(path[1], isDocument: true))
        case "api"? where path.count == 2: return APIResponse(200, try resources("", path[1]))
        case "apis"? where path.count == 3: return APIResponse(200, try resources(path[1], path[2]))
        default: return nil
        }
    }

    // Groups without stored kinds are served for their reviews.
    private static let reviewResources: [String: [JSONValue]] = [
        "authorization.k8s.io/v1": [
            [
                "name": "selfsubjectaccessreviews", "singularName": "", "namespaced": false,
                "kind": "SelfSubjectAccessReview", "verbs": ["create"],
            ],
            [
                "name": "selfsubjectrulesreviews", "singularName": "", "namespaced": false,
                "kind": "SelfSubjectRulesReview", "verbs": ["create"],
            ],
        ],
        "authentication.k8s.io/v1": [
            [
                "name": "selfsubjectreviews", "singularName": "", "namespaced": false, "kind": "SelfSubjectReview",
                "verbs": ["create"],
            ]
        ],
    ]

    private var groups: [String] {
        var seen: Set<String> = [""]
        let stored = definitions.map(\.name.group).filter { seen.insert($0).inserted }
        return stored + ["authentication.k8s.io", "authorization.k8s.io"].filter { seen.insert($0).inserted }
    }

    /// The versions of a group, in the order of definition.
    func versions(_ group: String) -> [String] {
        var seen: Set<String> = []
        let versions = definitions.filter { $0.name.group == group }.map(\.version).filter { seen.insert($0).inserted }
        return versions.isEmpty ? ["v1"] : versions
    }

    private func coreVersions(_ request: APIRequest) -> JSONValue {
        [
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
        ]
    }

    private func groupList(_ request: APIRequest) -> JSONValue {
        [
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(groups.map { group($0, isDocument: false) }),
        ]
    }

    private func group(_ name: String, isDocument: Bool) -> JSONValue {
        let versions = versions(name).map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        var group: JSONValue = [
            "name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null,
        ]
        if isDocument {
            group["kind"] = "APIGroup"
            group["apiVersion"] = "v1"
        }
        return group
    }

    private func resources(_ group: String, _ version: String) throws(APIFailure) -> JSONValue {
        let groupVersion = group.isEmpty ? version : "\(group)/\(version)"
        var resources = APIServerState.reviewResources[groupVersion] ?? []
        for definition in definitions where definition.name.group == group && definition.version == version {
            var resource: JSONValue = [
                "name": .string(definition.name.plural), "singularName": .string(definition.singular),
                "namespaced": .bool(definition.isNamespaced), "kind": .string(definition.kind),
                "verbs": .array(definition.verbs.map { .string($0) }),
                "storageVersionHash": .string(Array(definition.storage.description.utf8.prefix(6)).base64),
            ]
            if !definition.shortNames.isEmpty {
                resource["shortNames"] = .array(definition.shortNames.map { .string($0) })
            }
            if !definition.categories.isEmpty {
                resource["categories"] = .array(definition.categories.map { .string($0) })
            }
            resources.append(resource)
            for subresource in definition.subresources.sorted() {
                var entry: JSONValue = [
                    "name": .string("\(definition.name.plural)/\(subresource)"), "singularName": "",
                    "namespaced": .bool(definition.isNamespaced), "kind": .string(definition.kind),
                    "verbs": ["get", "patch", "update"],
                ]
                if subresource == "scale" {
                    entry["kind"] = "Scale"
                    entry["group"] = "autoscaling"
                    entry["version"] = "v1"
                }
                resources.append(entry)
            }
        }
        guard !resources.isEmpty else { throw .unknownPath }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion),
            "resources": .array(resources),
        ]
    }
}
