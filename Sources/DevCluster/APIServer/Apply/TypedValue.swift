import JSON

/// A value with its type: what server-side apply merges, compares and takes apart (structured-merge-diff `typed`).
///
/// Depth is bounded by the JSON reader (`JSONReader.maximumDepth`), so the recursion here is.
struct TypedValue: Sendable {
    var value: JSONValue
    let schema: TypeSchema

    /// Why a value cannot be merged; the text is the original's.
    struct Failure: Error {
        var path: String
        var message: String

        var text: String { path.isEmpty ? message : "\(path): \(message)" }

        func inside(_ element: PathElement) -> Failure { Failure(path: element.text + path, message: message) }
    }

    /// The step that identifies an element of a list.
    static func element(_ schema: TypeSchema, _ index: Int, _ child: JSONValue) throws(Failure) -> PathElement {
        func fail(_ message: String) -> Failure { Failure(path: "", message: message) }
        switch schema.merge {
        case .keyed(let keys):
            guard case .object(let members) = child else {
                throw fail("element \(index): associative list with keys has an element that's not a map")
            }
            var identity: [String: JSONValue] = [:]
            for key in keys {
                guard let value = members[key] ?? schema.elementOrDeduced.fields[key]?.defaultValue else {
                    throw fail(
                        "element \(index): associative list with keys has an element that omits key field \"\(key)\""
                            + " (and doesn't have default value)"
                    )
                }
                identity[key] = value
            }
            return .key(identity)
        case .set:
            switch child {
            case .object: throw fail("element \(index): associative list without keys has an element that's a map type")
            case .array: throw fail("element \(index): not supported: associative list with lists as elements")
            case .null:
                throw fail("element \(index): associative list without keys has an element that's an explicit null")
            default: return .value(child)
            }
        default: return .index(index)
        }
    }

    /// How the value is taken apart.
    fileprivate enum Shape {
        case leaf
        case object([String: JSONValue])
        case list([JSONValue])
    }

    /// The shape of one of two values of a type; `null` is an empty container where the type is one.
    fileprivate static func shape(_ value: JSONValue?, _ schema: TypeSchema) -> Shape? {
        guard let value else { return nil }
        guard schema.merge != .atomic else { return .leaf }
        switch (value, schema.kind) {
        case (.object(let members), .structure), (.object(let members), .map), (.object(let members), .any):
            return .object(members)
        case (.null, .structure), (.null, .map): return .object([:])
        case (.array(let elements), .list): return .list(elements)
        case (.null, .list): return .list([])
        default: return .leaf
        }
    }

    // MARK: Field sets

    /// Every field that the value sets.
    func fieldSet() throws(Failure) -> FieldSet {
        var set = FieldSet()
        switch TypedValue.shape(value, schema) {
        case .object(let members)?:
            for (name, member) in members {
                let element = PathElement.field(name)
                let type = try memberType(schema, name)
                try set.add(TypedValue(value: member, schema: type), at: element, isOwnField: !schema.declares(name))
            }
        case .list(let elements)?:
            for (index, member) in elements.enumerated() {
                let element = try TypedValue.element(schema, index, member)
                try set.add(
                    TypedValue(value: member, schema: schema.elementOrDeduced),
                    at: element,
                    isOwnField: true
                )
            }
        default: break
        }
        return set
    }

    /// Whether the value is owned as a whole.
    fileprivate var isLeaf: Bool { if case .leaf? = TypedValue.shape(value, schema) { true } else { false } }

    // MARK: Removal

    /// The value without the fields in `fields`; nil where nothing is left.
    func removing(_ fields: FieldSet) -> JSONValue? {
        switch TypedValue.shape(value, schema) {
        case .object(let members)? where !members.isEmpty:
            var kept: [String: JSONValue] = [:]
            for (name, member) in members {
                let element = PathElement.field(name)
                if fields.members.contains(element) { continue }
                let below = fields[element]
                guard !below.isEmpty, let type = schema.member(name) else {
                    kept[name] = member
                    continue
                }
                kept[name] = TypedValue(value: member, schema: type).removing(below)
            }
            return kept.isEmpty ? nil : .object(kept)
        case .list(let elements)? where !elements.isEmpty:
            var kept: [JSONValue] = []
            for (index, member) in elements.enumerated() {
                guard let element = try? TypedValue.element(schema, index, member) else {
                    kept.append(member)
                    continue
                }
                if fields.members.contains(element) { continue }
                let below = fields[element]
                if below.isEmpty {
                    kept.append(member)
                } else if let rest = TypedValue(value: member, schema: schema.elementOrDeduced).removing(below) {
                    kept.append(rest)
                }
            }
            return kept.isEmpty ? nil : .array(kept)
        case .leaf?: return value
        default: return nil
        }
    }
}

private func memberType(_ schema: TypeSchema, _ name: String) throws(TypedValue.Failure) -> TypeSchema {
    guard let type = schema.member(name) else {
        throw TypedValue.Failure(path: "." + name, message: "field not declared in schema")
    }
    return type
}

extension FieldSet {
    fileprivate mutating func add(
        _ typed: TypedValue,
        at element: PathElement,
        isOwnField: Bool
    ) throws(TypedValue.Failure) {
        do throws(TypedValue.Failure) {
            insert(try typed.fieldSet(), below: element)
        } catch {
            throw error.inside(element)
        }
        if isOwnField || typed.isLeaf || typed.value == .object([:]) || typed.value.isNull { members.insert(element) }
    }
}

// MARK: - Two values

extension TypedValue {
    /// Which fields differ between two values.
    struct Comparison: Sendable {
        var added = FieldSet()
        var modified = FieldSet()
        var removed = FieldSet()

        var isSame: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }
    }

    /// This value with everything that `config` sets; nothing is removed. Elements keep their order, new ones follow.
    func merging(_ config: JSONValue) throws(Failure) -> JSONValue {
        try TypedValue.merge(value, config, schema) ?? .object([:])
    }

    private static func merge(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema
    ) throws(Failure) -> JSONValue? {
        let (mine, theirs) = (shape(left, schema), shape(right, schema))
        switch (mine, theirs) {
        case (.object(let old)?, .object(let new)?) where !(old.isEmpty && new.isEmpty):
            return try merge(old, new, schema)
        case (nil, .object(let new)?) where !new.isEmpty: return try merge([:], new, schema)
        case (.list(let old)?, .list(let new)?) where !(old.isEmpty && new.isEmpty):
            return try merge(old, new, schema)
        case (nil, .list(let new)?) where !new.isEmpty: return try merge([], new, schema)
        default: return right ?? left
        }
    }

    private static func merge(
        _ old: [String: JSONValue],
        _ new: [String: JSONValue],
        _ schema: TypeSchema
    ) throws(Failure) -> JSONValue {
        var merged = old
        for (name, value) in new {
            let type = try memberType(schema, name)
            do throws(Failure) {
                merged[name] = try merge(old[name], value, type)
            } catch {
                throw error.inside(.field(name))
            }
        }
        return .object(merged)
    }

    private static func merge(
        _ old: [JSONValue],
        _ new: [JSONValue],
        _ schema: TypeSchema
    ) throws(Failure) -> JSONValue {
        var incoming: [PathElement: JSONValue] = [:]
        var order: [PathElement] = []
        for (index, value) in new.enumerated() {
            let element = try element(schema, index, value)
            guard incoming.updateValue(value, forKey: element) == nil else {
                throw Failure(path: "", message: "duplicate entries for key \(element.text)")
            }
            order.append(element)
        }
        var merged: [JSONValue] = []
        var seen: Set<PathElement> = []
        for (index, value) in old.enumerated() {
            let element = try element(schema, index, value)
            guard seen.insert(element).inserted else { continue }
            do throws(Failure) {
                if let value = try merge(value, incoming[element], schema.elementOrDeduced) { merged.append(value) }
            } catch {
                throw error.inside(element)
            }
        }
        for element in order where !seen.contains(element) {
            do throws(Failure) {
                if let value = try merge(nil, incoming[element], schema.elementOrDeduced) { merged.append(value) }
            } catch {
                throw error.inside(element)
            }
        }
        return .array(merged)
    }

    /// Which fields differ from this value to `other`.
    func compared(with other: JSONValue) -> Comparison {
        var comparison = Comparison()
        var path: [PathElement] = []
        TypedValue.compare(value, other, schema, &path, &comparison)
        return comparison
    }

    private static func compare(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema,
        _ path: inout [PathElement],
        _ result: inout Comparison
    ) {
        switch (shape(left, schema), shape(right, schema)) {
        case (.object(let old)?, .object(let new)?) where !(old.isEmpty && new.isEmpty):
            compare(members: old, new, schema, &path, &result)
        case (.object(let old)?, nil) where !old.isEmpty: compare(members: old, [:], schema, &path, &result)
        case (nil, .object(let new)?) where !new.isEmpty: compare(members: [:], new, schema, &path, &result)
        case (.list(let old)?, .list(let new)?) where !(old.isEmpty && new.isEmpty):
            compare(elements: old, new, schema, &path, &result)
        case (.list(let old)?, nil) where !old.isEmpty: compare(elements: old, [], schema, &path, &result)
        case (nil, .list(let new)?) where !new.isEmpty: compare(elements: [], new, schema, &path, &result)
        default:
            if left != nil, right != nil, left != right { result.modified.insert(path) }
        }
        // The containers themselves come and go too: that is where `.` in FieldsV1 comes from.
        if left == nil {
            result.added.insert(path)
        } else if right == nil {
            result.removed.insert(path)
        }
    }

    private static func compare(
        members old: [String: JSONValue],
        _ new: [String: JSONValue],
        _ schema: TypeSchema,
        _ path: inout [PathElement],
        _ result: inout Comparison
    ) {
        for name in Set(old.keys).union(new.keys) {
            path.append(.field(name))
            compare(old[name], new[name], schema.member(name) ?? .deduced, &path, &result)
            path.removeLast()
        }
    }

    private static func compare(
        elements old: [JSONValue],
        _ new: [JSONValue],
        _ schema: TypeSchema,
        _ path: inout [PathElement],
        _ result: inout Comparison
    ) {
        func keyed(_ elements: [JSONValue]) -> [PathElement: JSONValue] {
            var keyed: [PathElement: JSONValue] = [:]
            for (index, value) in elements.enumerated() {
                keyed[(try? element(schema, index, value)) ?? .index(index)] = value
            }
            return keyed
        }
        let (before, after) = (keyed(old), keyed(new))
        for element in Set(before.keys).union(after.keys) {
            path.append(element)
            compare(before[element], after[element], schema.elementOrDeduced, &path, &result)
            path.removeLast()
        }
    }
}
