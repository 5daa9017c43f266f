public import JSON

/// Something wrong with a member of an object, as an API server reports it.
public struct FieldProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The member: `spec.rollout.windows[0].cron`.
    public var field: String
    /// What is wrong with it, and what would be right.
    public var message: String

    /// A problem at `field`.
    public init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }

    /// `field: message`.
    public var description: String { field.isEmpty ? message : "\(field): \(message)" }
}

extension OpenAPISchema {
    /// Whether `text` contains a match of `pattern`, in RE2's dialect.
    public typealias PatternMatcher = @Sendable (_ pattern: String, _ text: String) -> Bool

    /// What is wrong with `value`, by this schema; empty if nothing is. CEL rules are not evaluated: each has a twin in
    /// the structural rules or in the type's own validation.
    /// - Parameter refusesUnknown: also reports members that no schema declares (`fieldValidation=Strict`).
    public func problems(
        with value: JSONValue,
        at path: String = "",
        refusesUnknown: Bool = false,
        matching: PatternMatcher
    ) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        validate(value, path, refusesUnknown, matching, &problems)
        return problems
    }

    private func validate(
        _ value: JSONValue,
        _ path: String,
        _ refusesUnknown: Bool,
        _ matching: PatternMatcher,
        _ problems: inout [FieldProblem]
    ) {
        func report(_ message: String) { problems.append(FieldProblem(path, message)) }
        if isIntOrString {
            if let text = value.string { return validate(text, report, matching) }
            if value.integer == nil { report("must be a whole number or a string") }
            return
        }
        switch (kind, value) {
        case (nil, _): break
        case (.object, .object(let members)):
            validate(members, path, refusesUnknown, matching, &problems)
        case (.array, .array(let elements)):
            validate(elements, path, refusesUnknown, matching, &problems)
        case (.string, .string(let text)):
            validate(text, report, matching)
        case (.integer, .integer(let number)), (.number, .integer(let number)):
            if let minimum, number < minimum { report("must be at least \(minimum), not \(number)") }
            if let maximum, number > maximum { report("must be at most \(maximum), not \(number)") }
        case (.number, .decimal(let text)):
            let number = Double(text) ?? 0
            if let minimum, number < Double(minimum) { report("must be at least \(minimum), not \(text)") }
            if let maximum, number > Double(maximum) { report("must be at most \(maximum), not \(text)") }
        case (.boolean, .bool): break
        case (let kind?, _): report("must be of type \(kind.rawValue), not \(value.kindName)")
        }
    }

    private func validate(_ text: String, _ report: (String) -> Void, _ matching: PatternMatcher) {
        let count = text.unicodeScalars.count
        if let minLength, count < minLength { report("must have at least \(minLength) characters") }
        if let maxLength, count > maxLength { report("must have at most \(maxLength) characters, not \(count)") }
        if !enumeration.isEmpty, !enumeration.contains(text) {
            report("must be one of \(enumeration.joined(separator: ", ")), not \"\(text.prefix(80))\"")
        }
        if let pattern, !matching(pattern, text) { report("\"\(text.prefix(80))\" must match \(pattern)") }
    }

    private func validate(
        _ elements: [JSONValue],
        _ path: String,
        _ refusesUnknown: Bool,
        _ matching: PatternMatcher,
        _ problems: inout [FieldProblem]
    ) {
        if let minItems, elements.count < minItems {
            problems.append(FieldProblem(path, "must have at least \(minItems) elements"))
        }
        if let maxItems, elements.count > maxItems {
            problems.append(FieldProblem(path, "must have at most \(maxItems) elements, not \(elements.count)"))
        }
        if listType == "map" || listType == "set" {
            var seen: Set<JSONValue> = []
            for (index, element) in elements.enumerated() {
                let identity = listType == "map" ? JSONValue.array(listMapKeys.map { element[$0] ?? .null }) : element
                if !seen.insert(identity).inserted {
                    problems.append(FieldProblem("\(path)[\(index)]", "duplicates an earlier element"))
                }
            }
        }
        guard let items else { return }
        for (index, element) in elements.enumerated() {
            items.validate(element, "\(path)[\(index)]", refusesUnknown, matching, &problems)
        }
    }

    private func validate(
        _ members: [String: JSONValue],
        _ path: String,
        _ refusesUnknown: Bool,
        _ matching: PatternMatcher,
        _ problems: inout [FieldProblem]
    ) {
        func child(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        func isSet(_ name: String) -> Bool { members[name].map { !$0.isNull } ?? false }
        for name in required where !isSet(name) { problems.append(FieldProblem(child(name), "is required")) }
        for group in exactlyOneOf where group.filter(isSet).count != 1 {
            problems.append(FieldProblem(path, OpenAPISchema.unionMessage(group, set: group.filter(isSet))))
        }
        for group in atMostOneOf where group.filter(isSet).count > 1 {
            problems.append(FieldProblem(path, OpenAPISchema.unionMessage(group, set: group.filter(isSet))))
        }
        if let minProperties, members.count < minProperties {
            problems.append(FieldProblem(path, "must have at least \(minProperties) members"))
        }
        if let maxProperties, members.count > maxProperties {
            problems.append(FieldProblem(path, "must have at most \(maxProperties) members"))
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) where !value.isNull {
            if let schema = properties[name] {
                schema.validate(value, child(name), refusesUnknown, matching, &problems)
            } else if let additionalProperties {
                additionalProperties.validate(value, "\(path)[\(name)]", refusesUnknown, matching, &problems)
            } else if refusesUnknown, !preservesUnknownFields {
                problems.append(FieldProblem(child(name), "unknown field"))
            }
        }
    }

    private static func unionMessage(_ names: [String], set: [String]) -> String {
        let list = names.joined(separator: ", ")
        return set.isEmpty
            ? "exactly one of \(list) is needed"
            : "only one of \(list) may be set, not \(set.joined(separator: " and "))"
    }

    /// `value` with the defaults of this schema filled in, also in place of `null`, and members that it does not declare
    /// dropped, as an API server stores it.
    public func stored(_ value: JSONValue, prunes: Bool = true) -> JSONValue {
        switch value {
        case .object(var members):
            for (name, schema) in properties where members[name]?.isNull ?? true {
                if let defaultValue = schema.defaultValue { members[name] = defaultValue }
            }
            for (name, member) in members {
                if let schema = properties[name] ?? additionalProperties {
                    members[name] = schema.stored(member, prunes: prunes)
                } else if prunes, !preservesUnknownFields, kind == .object {
                    members[name] = nil
                }
            }
            return .object(members)
        case .array(let elements):
            guard let items else { return value }
            return .array(elements.map { items.stored($0, prunes: prunes) })
        default: return value
        }
    }
}

extension JSONValue {
    /// The JSON type, for messages.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .decimal: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
