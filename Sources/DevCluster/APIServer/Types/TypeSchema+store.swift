import JSON

/// What becomes of a custom resource before it is validated (apiextensions `pruning`, `defaulting`).
extension TypeSchema {
    /// The value without members that are not declared, at any depth. `dropped` collects their paths.
    func pruned(_ value: JSONValue, at path: String = "", dropped: inout [String]) -> JSONValue {
        switch value {
        case .object(let members):
            var kept: [String: JSONValue] = [:]
            for (name, member) in members {
                let isOwn = isEmbeddedObject && (name == "apiVersion" || name == "kind" || name == "metadata")
                if let type = fields[name] ?? (kind == .map ? element : nil) {
                    kept[name] = type.pruned(member, at: TypeSchema.join(path, name), dropped: &dropped)
                } else if isOwn || preservesUnknown || kind == .any {
                    kept[name] = member
                } else {
                    dropped.append(TypeSchema.join(path, name))
                }
            }
            return .object(kept)
        case .array(let elements):
            guard let element else { return value }
            return .array(
                elements.enumerated().map { element.pruned($0.element, at: "\(path)[\($0.offset)]", dropped: &dropped) }
            )
        default: return value
        }
    }

    /// The value with defaults filled in, and nulls that are not allowed removed first.
    func defaulted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(var members):
            for (name, member) in members where member.isNull {
                let type = fields[name] ?? (kind == .map ? element : nil)
                if let type, !type.isNullable, type.kind != .any { members[name] = type.defaultValue }
            }
            for (name, type) in fields where members[name] == nil {
                if let value = type.defaultValue { members[name] = value }
            }
            for (name, member) in members {
                if let type = fields[name] ?? (kind == .map ? element : nil) { members[name] = type.defaulted(member) }
            }
            return .object(members)
        case .array(let elements):
            guard let element else { return value }
            return .array(elements.map { element.defaulted($0) })
        default: return value
        }
    }

    static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
