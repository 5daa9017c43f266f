import Artifacts
import HTTPTypes
import JSON
import KubernetesAPI

/// The scale subresource (`autoscaling/v1` Scale).
extension APIServerState {
    mutating func scale(
        _ request: APIRequest,
        _ resource: ResourceRequest,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse {
        guard let paths = resource.definition.scale else { throw .unknownPath }
        let object = try existing(resource)
        let present = scale(of: object, paths)
        let desired: JSONValue
        switch request.method {
        case .get: return APIResponse(200, present)
        case .put:
            desired = try document(in: request)
        case .patch:
            let patch: JSONValue
            do throws(JSONError) {
                patch = try JSONValue(parsing: request.body)
            } catch {
                throw .badRequest("error decoding patch: \(error)")
            }
            if request.contentType.hasPrefix(PatchType.json.rawValue) {
                do throws(JSONPatch.Failure) {
                    desired = try JSONPatch(patch).applied(to: present)
                } catch {
                    throw .badRequest("error decoding patch: \(error)")
                }
            } else {
                desired = present.merging(mergePatch: patch)
            }
        default: throw .methodNotAllowed(request.method.rawValue)
        }
        let replicas = desired[path: "spec", "replicas"]?.integer ?? 0
        guard replicas >= 0 else {
            throw .invalid(
                "Scale",
                group: "autoscaling",
                resource.name ?? "",
                [.invalid("spec.replicas", .integer(replicas), "must be greater than or equal to 0")]
            )
        }
        let version = desired[path: "metadata", "resourceVersion"]?.string ?? ""
        guard version.isEmpty || version == object[path: "metadata", "resourceVersion"]?.string else {
            throw .conflict(resource.definition.name, resource.name ?? "", APIFailure.modified)
        }
        let options = try WriteOptions(request, kind: "UpdateOptions", profile: profile)
        var whole = resource
        whole.subresource = nil
        let changed = APIServerState.setting(object, paths.specReplicas[...], to: .integer(replicas))
        let stored = try update(object, to: changed, whole, options, now: now)
        return APIResponse(200, scale(of: stored, paths))
    }

    private func scale(of object: JSONValue, _ paths: ScalePaths) -> JSONValue {
        func value(_ path: [String]) -> JSONValue? { path.reduce(object as JSONValue?) { $0?[$1] } }
        let metadata = object["metadata"] ?? .object([:])
        var status: JSONValue = ["replicas": value(paths.statusReplicas) ?? 0]
        if let path = paths.selector, let selector = value(path) {
            status["selector"] = .string(selector.string ?? LabelSelector(object: selector)?.text ?? "")
        }
        var scaleMetadata: [String: JSONValue] = [:]
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            scaleMetadata[name] = metadata[name]
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .object(scaleMetadata),
            "spec": ["replicas": value(paths.specReplicas) ?? 0], "status": status,
        ]
    }

    private static func setting(_ object: JSONValue, _ path: ArraySlice<String>, to value: JSONValue) -> JSONValue {
        guard let name = path.first else { return value }
        var object = object
        object[name] = setting(object[name] ?? .object([:]), path.dropFirst(), to: value)
        return object
    }
}
