public import JSON
import KubernetesAPI

/// Who owns which fields of a pod template, by `metadata.managedFields` of the object that holds it.
///
/// Fields are written as `FieldComparison` writes them, so that a difference can be looked up.
public struct FieldOwners: Sendable, Hashable {
    private var fields: [String: Set<String>] = [:]

    /// The owners of an object's `spec.template`. An entry of an unknown form owns nothing.
    public init(_ object: JSONValue) {
        for entry in object["metadata"]?["managedFields"]?.array ?? [] {
            guard let manager = entry["manager"]?.string,
                let tree = entry["fieldsV1"]?["f:spec"]?["f:template"]
            else { continue }
            var paths = fields[manager] ?? []
            Self.collect(tree, "spec.template", &paths)
            fields[manager] = paths
        }
    }

    /// Which of `paths` managers other than the operator own.
    func others(of paths: [String]) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for (manager, owned) in fields where !FieldManager.own.contains(manager) {
            let held = paths.filter(owned.contains)
            if !held.isEmpty { found[manager] = held }
        }
        return found
    }

    /// Whether the manager called `name` owns the field at `path`.
    func owns(_ name: String, _ path: String) -> Bool { fields[name]?.contains(path) == true }

    private static func collect(_ tree: JSONValue, _ path: String, _ paths: inout Set<String>) {
        guard let members = tree.object, !members.isEmpty else {
            paths.insert(path)
            return
        }
        for (step, below) in members {
            switch step.prefix(2) {
            case ".": paths.insert(path)
            case "f:": collect(below, "\(path).\(step.dropFirst(2))", &paths)
            case "k:":
                guard let key = (try? JSONValue(parsing: Array(step.dropFirst(2).utf8)))?.object else { continue }
                // The protocol of ports has a default, and is left out of their names.
                let names = key.keys.filter { $0 != "protocol" }.sorted()
                collect(below, path + FieldComparison.elementText(names, names.first.flatMap { key[$0] }), &paths)
            // Elements of sets and positions: pod templates have none that a release sets.
            default: continue
            }
        }
    }
}
