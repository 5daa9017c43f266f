import Artifacts
import JSON
import Selection

/// Checks a custom resource against its schema. CEL rules are not evaluated, as on servers before 1.25.
extension TypeSchema {
    /// What is wrong with `value`; empty if nothing is.
    func issues(_ value: JSONValue, at path: String = "") -> [FieldIssue] {
        var issues: [FieldIssue] = []
        collect(value, path, &issues)
        return issues
    }

    private func collect(_ value: JSONValue, _ path: String, _ issues: inout [FieldIssue]) {
        if value.isNull, isNullable { return }
        guard hasShape(value) else {
            let want = kind == .structure || kind == .map ? "object" : kind == .list ? "array" : "\(kind)"
            let got = value.isNull ? "null" : value.schemaType
            issues.append(
                FieldIssue(
                    kind: .typeInvalid,
                    field: path,
                    message: "Invalid value: \"\(got)\": \(path) in body must be of type \(want): \"\(got)\""
                )
            )
            return
        }
        switch value {
        case .object(let members): collect(members, path, &issues)
        case .array(let elements): collect(elements, path, &issues)
        case .string(let text): collect(text, path, &issues)
        case .integer, .decimal: collect(number: value, path, &issues)
        default: break
        }
        guard let constraints else { return }
        if !constraints.enumeration.isEmpty, !constraints.enumeration.contains(value) {
            issues.append(.notSupported(path, value, constraints.enumeration.map { $0.string ?? $0.canonicalText }))
        }
        collect(logical: value, path, constraints, &issues)
    }

    private func hasShape(_ value: JSONValue) -> Bool {
        switch (kind, value) {
        case (.any, _), (.structure, .object), (.map, .object), (.list, .array), (.string, .string),
            (.integer, .integer), (.number, .integer), (.number, .decimal), (.boolean, .bool),
            (.intOrString, .integer), (.intOrString, .string), (.time, .string), (.microTime, .string),
            (.bytes, .string), (.quantity, .string):
            true
        default: false
        }
    }

    private func collect(_ members: [String: JSONValue], _ path: String, _ issues: inout [FieldIssue]) {
        for name in constraints?.required ?? [] where members[name] == nil {
            issues.append(.required(TypeSchema.join(path, name)))
        }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if let type = fields[name] {
                type.collect(member, TypeSchema.join(path, name), &issues)
            } else if kind == .map, let element {
                element.collect(member, TypeSchema.join(path, name), &issues)
            }
        }
        if let least = constraints?.minProperties, members.count < least {
            issues.append(
                .invalid(
                    path,
                    .integer(Int64(members.count)),
                    "\(path) in body should have at least \(least) properties"
                )
            )
        }
        if let most = constraints?.maxProperties, members.count > most {
            issues.append(
                FieldIssue(
                    kind: .tooMany,
                    field: path,
                    message: "Too many: \(members.count): must have at most \(most) items"
                )
            )
        }
    }

    private func collect(_ elements: [JSONValue], _ path: String, _ issues: inout [FieldIssue]) {
        if let least = constraints?.minItems, elements.count < least {
            issues.append(
                .invalid(path, .integer(Int64(elements.count)), "\(path) in body should have at least \(least) items")
            )
        }
        if let most = constraints?.maxItems, elements.count > most {
            issues.append(
                FieldIssue(
                    kind: .tooMany,
                    field: path,
                    message: "Too many: \(elements.count): must have at most \(most) items"
                )
            )
        }
        if merge != .atomic || constraints?.uniqueItems == true {
            var seen: Set<JSONValue> = []
            for (index, value) in elements.enumerated() {
                var identity = value
                if case .keyed(let keys) = merge {
                    identity = .object(Dictionary(keys.map { ($0, value[$0] ?? .null) }) { $1 })
                }
                if !seen.insert(identity).inserted { issues.append(.duplicate("\(path)[\(index)]", identity)) }
            }
        }
        guard let element else { return }
        for (index, value) in elements.enumerated() { element.collect(value, "\(path)[\(index)]", &issues) }
    }

    private func collect(_ text: String, _ path: String, _ issues: inout [FieldIssue]) {
        guard let constraints else { return }
        let count = text.unicodeScalars.count
        if let least = constraints.minLength, count < least {
            issues.append(.invalid(path, .string(text), "\(path) in body should be at least \(least) chars long"))
        }
        if let most = constraints.maxLength, count > most {
            issues.append(
                FieldIssue(kind: .tooLong, field: path, message: "Too long: may not be longer than \(most)")
            )
        }
        if let pattern = constraints.pattern, !pattern.matches(text) {
            issues.append(.invalid(path, .string(text), "\(path) in body should match '\(pattern)'"))
        }
        if constraints.format == "date-time", (try? Timestamp(rfc3339: text)) == nil {
            issues.append(.invalid(path, .string(text), "\(path) in body must be of type date-time: \"\(text)\""))
        }
        if constraints.format == "byte", [UInt8](base64: text) == nil {
            issues.append(.invalid(path, .string(text), "\(path) in body must be of type byte: \"\(text)\""))
        }
    }

    private func collect(number value: JSONValue, _ path: String, _ issues: inout [FieldIssue]) {
        guard let constraints, let number = value.double else { return }
        if let least = constraints.minimum, number < least || (constraints.excludesMinimum && number == least) {
            let word = constraints.excludesMinimum ? "greater than" : "greater than or equal to"
            issues.append(.invalid(path, value, "\(path) in body should be \(word) \(least.shortText)"))
        }
        if let most = constraints.maximum, number > most || (constraints.excludesMaximum && number == most) {
            let word = constraints.excludesMaximum ? "less than" : "less than or equal to"
            issues.append(.invalid(path, value, "\(path) in body should be \(word) \(most.shortText)"))
        }
        if let step = constraints.multipleOf, (number / step).rounded() * step != number {
            issues.append(.invalid(path, value, "\(path) in body should be a multiple of \(step.shortText)"))
        }
        if constraints.format == "int32", let whole = value.integer, Int32(exactly: whole) == nil {
            issues.append(.invalid(path, value, "\(path) in body must be of type int32: \"\(whole)\""))
        }
    }

    private func collect(
        logical value: JSONValue,
        _ path: String,
        _ constraints: SchemaConstraints,
        _ issues: inout [FieldIssue]
    ) {
        func holds(_ schema: TypeSchema) -> Bool { schema.issues(value, at: path).isEmpty }
        for schema in constraints.allOf { schema.collect(value, path, &issues) }
        if !constraints.anyOf.isEmpty, !constraints.anyOf.contains(where: holds) {
            issues.append(.invalid(path, value, "\"\(path)\" must validate at least one schema (anyOf)"))
        }
        if !constraints.oneOf.isEmpty {
            let valid = constraints.oneOf.filter(holds).count
            if valid != 1 {
                let found = valid == 0 ? "Found none valid" : "Found \(valid) valid alternatives"
                issues.append(
                    .invalid(path, value, "\"\(path)\" must validate one and only one schema (oneOf). \(found)")
                )
                if valid == 0 { constraints.oneOf[0].collect(value, path, &issues) }
            }
        }
        if let not = constraints.not, holds(not) {
            issues.append(.invalid(path, value, "\"\(path)\" must not validate the schema (not)"))
        }
    }
}

extension JSONValue {
    fileprivate var schemaType: String {
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

extension Double {
    /// Without a fraction where there is none.
    fileprivate var shortText: String { Int64(exactly: self).map { String($0) } ?? String(self) }
}
