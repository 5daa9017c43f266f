import JSON

/// The JSON paths of printer columns: `.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[0].port`,
/// `.items[*].name`, `['quoted']` (client-go `util/jsonpath`, as far as columns use it).
struct JSONPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        case all
        /// Elements whose value at a path equals (or does not) a text.
        case filter(path: [String], value: String, isEqual: Bool)
    }

    private var steps: [Step] = []

    /// Nil where `text` is not such a path. Braces around it are allowed.
    init?(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
        if rest.hasPrefix("$") { rest.removeFirst() }
        guard text.utf8.count <= 1024 else { return nil }
        while let first = rest.first {
            if first == "." {
                rest.removeFirst()
                var name = ""
                while let character = rest.first, character != ".", character != "[" {
                    rest.removeFirst()
                    // A dot inside a name is escaped: `.metadata.annotations.example\.com/x`.
                    if character == "\\", let escaped = rest.popFirst() {
                        name.append(escaped)
                    } else {
                        name.append(character)
                    }
                }
                if name == "*" { steps.append(.all) } else if !name.isEmpty { steps.append(.member(name)) }
            } else if first == "[" {
                guard let end = JSONPath.bracketEnd(rest) else { return nil }
                let inside = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                guard let step = JSONPath.bracket(inside) else { return nil }
                steps.append(step)
            } else {
                return nil
            }
        }
    }

    private static func bracketEnd(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "]" {
                return index
            }
        }
        return nil
    }

    private static func bracket(_ text: Substring) -> Step? {
        if text == "*" { return .all }
        if let index = Int(text) { return .index(index) }
        if let quoted = unquoted(text) { return .member(quoted) }
        guard text.hasPrefix("?(@."), text.hasSuffix(")") else { return nil }
        let condition = text.dropFirst(4).dropLast()
        for (sign, isEqual) in [("==", true), ("!=", false)] {
            let characters = Array(condition)
            guard characters.count > 2 else { return nil }
            for start in 0..<characters.count - 1 where String(characters[start...start + 1]) == sign {
                let path = String(characters[..<start]).split(separator: ".").map { $0.filter { $0 != " " } }
                let literal = String(characters[(start + 2)...]).trimmingSpaces
                return .filter(path: path, value: unquoted(literal[...]) ?? literal, isEqual: isEqual)
            }
        }
        return nil
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.count >= 2, let first = text.first, first == "'" || first == "\"", text.last == first else {
            return nil
        }
        return String(text.dropFirst().dropLast())
    }

    /// Everything that the path finds in `value`.
    func values(in value: JSONValue) -> [JSONValue] {
        var found = [value]
        for step in steps {
            found = found.flatMap { value -> [JSONValue] in
                switch step {
                case .member(let name): return value[name].map { [$0] } ?? []
                case .index(let index):
                    guard let elements = value.array else { return [] }
                    return value[index < 0 ? elements.count + index : index].map { [$0] } ?? []
                case .all: return value.array ?? (value.object ?? [:]).sorted { $0.key < $1.key }.map(\.value)
                case .filter(let path, let wanted, let isEqual):
                    return (value.array ?? []).filter { element in
                        var inner: JSONValue? = element
                        for name in path { inner = inner?[name] }
                        guard let inner else { return false }
                        return ((inner.string ?? inner.canonicalText) == wanted) == isEqual
                    }
                }
            }
        }
        return found
    }
}
