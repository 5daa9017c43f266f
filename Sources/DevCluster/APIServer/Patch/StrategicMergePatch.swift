import JSON

/// A strategic merge patch (apimachinery `strategicpatch`): a merge patch that knows which lists have keys.
///
/// Understood: keyed lists, lists of values, `$patch: delete|replace|merge`, `$retainKeys`, `$setElementOrder/...` and
/// `$deleteFromPrimitiveList/...`, which is what kubectl sends.
enum StrategicMergePatch {
    /// Why a patch cannot be applied.
    struct Failure: Error {
        var message: String
    }

    /// `document` with `patch` applied.
    static func apply(_ patch: JSONValue, to document: JSONValue, _ schema: TypeSchema) throws(Failure) -> JSONValue {
        guard case .object(var changes) = patch else { return patch }
        switch changes["$patch"]?.string {
        case "replace"?:
            changes["$patch"] = nil
            return .object(changes)
        case "delete"?: return .object([:])
        case nil, "merge"?: changes["$patch"] = nil
        case let directive?: throw Failure(message: "unknown patch type found: \(directive)")
        }
        var members = document.object ?? [:]
        if let keys = changes.removeValue(forKey: "$retainKeys")?.array {
            let kept = Set(keys.compactMap(\.string))
            members = members.filter { kept.contains($0.key) }
        }
        var orders: [String: [JSONValue]] = [:]
        for (name, change) in changes {
            if let list = name.removingPrefix("$setElementOrder/") { orders[list] = change.array ?? [] }
            if let list = name.removingPrefix("$deleteFromPrimitiveList/") {
                let gone = Set(change.array ?? [])
                members[list] = members[list].map { .array(($0.array ?? []).filter { !gone.contains($0) }) }
            }
        }
        for (name, change) in changes where !name.hasPrefix("$") {
            if change.isNull {
                members[name] = nil
                continue
            }
            let type = schema.member(name) ?? .deduced
            members[name] = try merge(change, into: members[name], type)
        }
        for (name, order) in orders {
            guard let list = members[name]?.array, let type = schema.member(name) else { continue }
            members[name] = .array(sorted(list, by: order, type))
        }
        return .object(members)
    }

    private static func merge(
        _ change: JSONValue,
        into present: JSONValue?,
        _ type: TypeSchema
    ) throws(Failure) -> JSONValue {
        switch change {
        case .object: return try apply(change, to: present ?? .object([:]), type)
        case .array(let elements):
            switch type.patch {
            case .replace: return change
            case .mergeValues:
                var values = present?.array ?? []
                for element in elements where !values.contains(element) { values.append(element) }
                return .array(values)
            case .mergeBy(let key): return .array(try merge(elements, into: present?.array ?? [], key, type))
            }
        default: return change
        }
    }

    private static func merge(
        _ changes: [JSONValue],
        into present: [JSONValue],
        _ key: String,
        _ type: TypeSchema
    ) throws(Failure) -> [JSONValue] {
        if changes.contains(where: { $0["$patch"] == "replace" }) {
            return changes.filter { $0["$patch"] != "replace" }
        }
        var merged = present
        for change in changes {
            guard let identity = change[key] else {
                throw Failure(
                    message: "map: \(change.canonicalText.prefix(256)) does not contain declared merge key: \(key)"
                )
            }
            let index = merged.firstIndex { $0[key] == identity }
            if change["$patch"] == "delete" {
                if let index { merged.remove(at: index) }
            } else if let index {
                merged[index] = try apply(change, to: merged[index], type.elementOrDeduced)
            } else {
                merged.append(try apply(change, to: .object([:]), type.elementOrDeduced))
            }
        }
        return merged
    }

    /// The list in the order the patch asks for; elements it does not name stay behind their neighbours.
    private static func sorted(_ list: [JSONValue], by order: [JSONValue], _ type: TypeSchema) -> [JSONValue] {
        func identity(_ value: JSONValue) -> JSONValue {
            if case .mergeBy(let key) = type.patch { value[key] ?? .null } else { value }
        }
        let wanted = order.map(identity)
        var named = list.filter { wanted.contains(identity($0)) }
        named.sort { (wanted.firstIndex(of: identity($0)) ?? 0) < (wanted.firstIndex(of: identity($1)) ?? 0) }
        var result: [JSONValue] = []
        for element in list {
            if wanted.contains(identity(element)) {
                if !named.isEmpty { result.append(named.removeFirst()) }
            } else {
                result.append(element)
            }
        }
        return result
    }
}

extension String {
    /// The text behind `prefix`; nil where it does not start with it.
    func removingPrefix(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
