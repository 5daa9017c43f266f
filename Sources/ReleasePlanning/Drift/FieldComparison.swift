public import JSON

/// Compares the fields that were applied with a live object (semantics: "In step or not").
///
/// A server normalises what it stores: quantities, defaults inside list elements, empty objects. The comparison asks
/// whether every applied field has its value on the live object, not whether the two are equal.
public enum FieldComparison {
    /// The first applied field that has another value on the live object, or nil if all agree.
    public static func firstDifference(applied: JSONValue, live: JSONValue, at path: String = "") -> String? {
        var found: [String] = []
        collect(applied, live, path, limit: 1, &found)
        return found.first
    }

    /// Every applied field that has another value on the live object. What is not there at all is named once, without its
    /// members.
    public static func differences(applied: JSONValue, live: JSONValue, at path: String = "") -> [String] {
        var found: [String] = []
        collect(applied, live, path, limit: .max, &found)
        return found
    }

    private static func collect(
        _ applied: JSONValue,
        _ live: JSONValue,
        _ path: String,
        limit: Int,
        _ found: inout [String]
    ) {
        switch (applied, live) {
        case (.object(let wanted), .object(let actual)):
            for (name, value) in wanted.sorted(by: { $0.key < $1.key }) where found.count < limit {
                let child = path.isEmpty ? name : "\(path).\(name)"
                if let other = actual[name] {
                    collect(value, other, child, limit: limit, &found)
                } else if !isEmpty(value) {
                    found.append(child)
                }
            }
        case (.array(let wanted), .array(let actual)):
            collect(elements: wanted, actual, path, limit: limit, &found)
        default:
            if !isEqual(applied, live, at: path) { found.append(path) }
        }
    }

    private static func collect(
        elements wanted: [JSONValue],
        _ actual: [JSONValue],
        _ path: String,
        limit: Int,
        _ found: inout [String]
    ) {
        guard let keys = mergeKeys(of: wanted, at: path) else {
            guard wanted.count == actual.count else { return found.append(path) }
            for (index, pair) in zip(wanted, actual).enumerated() where found.count < limit {
                collect(pair.0, pair.1, "\(path)[\(index)]", limit: limit, &found)
            }
            return
        }
        for element in wanted where found.count < limit {
            let child = path + elementText(keys, keys.first.flatMap { element[$0] })
            let match = actual.first { other in
                keys.allSatisfy { other[$0] == element[$0] } && sameProtocol(other, element)
            }
            guard let match else {
                found.append(child)
                continue
            }
            collect(element, match, child, limit: limit, &found)
        }
    }

    /// How an element of a list that merges by `keys` is called in paths: `[name=web]`.
    static func elementText(_ keys: [String], _ first: JSONValue?) -> String {
        "[\(keys.joined(separator: ","))=\(first?.string ?? first?.integer.map(String.init) ?? "")]"
    }

    private static func sameProtocol(_ left: JSONValue, _ right: JSONValue) -> Bool {
        (left["protocol"]?.string ?? "TCP") == (right["protocol"]?.string ?? "TCP")
    }

    /// The members by which a list merges (the API's own list-map keys), if all elements have them. The protocol of ports
    /// is left out: it has a default.
    private static func mergeKeys(of elements: [JSONValue], at path: String) -> [String]? {
        let list = path.split(separator: ".").last.map(String.init) ?? path
        let candidates: [[String]]
        switch list {
        case "containers", "initContainers", "env", "volumes", "imagePullSecrets", "ephemeralContainers":
            candidates = [["name"]]
        case "ports": candidates = [["containerPort"], ["port"]]
        case "volumeMounts": candidates = [["mountPath"]]
        case "volumeDevices": candidates = [["devicePath"]]
        case "ownerReferences": candidates = [["uid"]]
        case "hostAliases": candidates = [["ip"]]
        case "topologySpreadConstraints": candidates = [["topologyKey", "whenUnsatisfiable"]]
        default: return nil
        }
        return candidates.first { keys in
            !elements.isEmpty && elements.allSatisfy { element in keys.allSatisfy { element[$0] != nil } }
        }
    }

    /// Whether a server may leave the value out where it stores the object (Go's `omitempty`).
    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .object(let members): members.values.allSatisfy(isEmpty)
        case .array(let elements): elements.isEmpty
        case .string(let text): text.isEmpty
        case .bool(let value): !value
        case .integer(let number): number == 0
        case .decimal: false
        }
    }

    private static func isEqual(_ left: JSONValue, _ right: JSONValue, at path: String) -> Bool {
        if left == right || (isEmpty(left) && isEmpty(right)) { return true }
        guard isQuantity(path), let first = Quantity(left), let second = Quantity(right) else { return false }
        return first == second
    }

    private static func isQuantity(_ path: String) -> Bool {
        path.contains(".limits.") || path.contains(".requests.") || path.hasSuffix("sizeLimit")
            || path.hasSuffix("divisor")
    }
}
