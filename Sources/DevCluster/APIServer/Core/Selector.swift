import JSON

/// A label selector (apimachinery `labels.Parse`).
struct LabelSelector: Sendable, Hashable {
    private enum Requirement: Sendable, Hashable {
        case exists(String)
        case absent(String)
        case oneOf(String, Set<String>)
        case noneOf(String, Set<String>)
    }

    private var requirements: [Requirement] = []

    /// Selects everything.
    static let everything = LabelSelector()

    private init() {}

    /// Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`; nil where it is malformed.
    init?(_ text: String) {
        var rest = Substring(text)
        func skipSpaces() { while rest.first == " " { rest.removeFirst() } }
        func word() -> String {
            skipSpaces()
            let word = rest.prefix { !",=!() ".contains($0) }
            rest = rest.dropFirst(word.count)
            skipSpaces()
            return String(word)
        }
        skipSpaces()
        while !rest.isEmpty {
            if rest.first == "!" {
                rest.removeFirst()
                let key = word()
                guard NameRules.isQualifiedName(key) else { return nil }
                requirements.append(.absent(key))
            } else {
                let key = word()
                guard NameRules.isQualifiedName(key) else { return nil }
                if rest.hasPrefix("!=") {
                    rest.removeFirst(2)
                    requirements.append(.noneOf(key, [word()]))
                } else if rest.hasPrefix("=") {
                    rest.removeFirst(rest.hasPrefix("==") ? 2 : 1)
                    requirements.append(.oneOf(key, [word()]))
                } else if rest.isEmpty || rest.first == "," {
                    requirements.append(.exists(key))
                } else {
                    let name = word()
                    guard name == "in" || name == "notin", rest.first == "(" else { return nil }
                    rest.removeFirst()
                    var values: Set<String> = []
                    while true {
                        values.insert(word())
                        guard let next = rest.popFirst() else { return nil }
                        if next == ")" { break }
                        guard next == "," else { return nil }
                    }
                    requirements.append(name == "in" ? .oneOf(key, values) : .noneOf(key, values))
                }
            }
            skipSpaces()
            if rest.isEmpty { break }
            guard rest.popFirst() == "," else { return nil }
            skipSpaces()
            guard !rest.isEmpty else { return nil }
        }
    }

    /// Reads a `metav1.LabelSelector`; nil where an operator is unknown.
    init?(object: JSONValue) {
        for (key, value) in object["matchLabels"]?.object ?? [:] {
            requirements.append(.oneOf(key, [value.string ?? ""]))
        }
        for expression in object["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = Set((expression["values"]?.array ?? []).compactMap(\.string))
            switch expression["operator"]?.string {
            case "In"?: requirements.append(.oneOf(key, values))
            case "NotIn"?: requirements.append(.noneOf(key, values))
            case "Exists"?: requirements.append(.exists(key))
            case "DoesNotExist"?: requirements.append(.absent(key))
            default: return nil
            }
        }
    }

    /// Whether an object with these labels is selected.
    func matches(labels: JSONValue?) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels?[key] != nil
            case .absent(let key): labels?[key] == nil
            case .oneOf(let key, let values): labels?[key]?.string.map { values.contains($0) } ?? false
            case .noneOf(let key, let values): labels?[key]?.string.map { !values.contains($0) } ?? true
            }
        }
    }

    /// The selector as text, for the scale subresource.
    var text: String {
        requirements.map { requirement in
            switch requirement {
            case .exists(let key): key
            case .absent(let key): "!" + key
            case .oneOf(let key, let values):
                values.count == 1
                    ? "\(key)=\(values.first ?? "")" : "\(key) in (\(values.sorted().joined(separator: ",")))"
            case .noneOf(let key, let values): "\(key) notin (\(values.sorted().joined(separator: ",")))"
            }
        }.sorted().joined(separator: ",")
    }
}

/// A field selector: `metadata.name=x,status.phase!=Running`.
struct FieldSelector: Sendable, Hashable {
    /// A field with the value that it must, or must not, have.
    struct Requirement: Sendable, Hashable {
        var field: String
        var value: String
        var isEqual: Bool
    }

    var requirements: [Requirement] = []

    init() {}

    /// Nil where it is malformed.
    init?(_ text: String) {
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else { return nil }
            var field = part[..<sign]
            var value = part[part.index(after: sign)...]
            var isEqual = true
            if field.last == "!" {
                field.removeLast()
                isEqual = false
            } else if value.first == "=" {
                value.removeFirst()
            }
            requirements.append(Requirement(field: String(field), value: String(value), isEqual: isEqual))
        }
    }

    /// Whether `object` is selected; a field that it does not have is empty.
    func matches(_ object: JSONValue) -> Bool {
        requirements.allSatisfy { requirement in
            var value: JSONValue? = object
            for step in requirement.field.split(separator: ".") { value = value?[String(step)] }
            let text: String
            switch value {
            case .string(let string)?: text = string
            case .bool(let flag)?: text = flag ? "true" : "false"
            case .integer(let number)?: text = String(number)
            default: text = ""
            }
            return (text == requirement.value) == requirement.isEqual
        }
    }
}
