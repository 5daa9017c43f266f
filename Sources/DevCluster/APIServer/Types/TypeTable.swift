import JSON

/// The types of the built-in kinds, read from a compact text.
///
/// A definition is `Name member:type ...`; a line that starts with a space goes on with the one before. Types:
/// `str int num bool qty ios bytes time microtime any`, another definition's name, `[T]` for a list and `{T}` for a
/// map. After a list stand `map(key,...)` or `set` where its elements are owned one by one, and `merge(key)` where a
/// strategic merge patch uses another key; after a map or a definition's name `!` where it is owned as a whole. `?` says
/// that an empty value is not stored, `{}` that an empty structure is, and a list that is absent as null. A plus sign in front of a member, a `!` or a
/// default (`=TCP`) says that it came after 1.20.
struct TypeTable: Sendable {
    private let definitions: [String: TypeSchema]

    /// The type called `name`. A name that the table lacks is a value of any shape.
    subscript(_ name: String) -> TypeSchema { definitions[name] ?? .atomic }

    /// All types, by name.
    var all: [String: TypeSchema] { definitions }

    /// Reads `texts`.
    init(_ texts: [String], profile: APIServerProfile) {
        var lines: [String: Substring.UTF8View] = [:]
        for text in texts {
            var current: (name: String, start: String.Index)?
            var index = text.startIndex
            func close(at end: String.Index) {
                if let current { lines[current.name] = text[current.start..<end].utf8 }
            }
            while index < text.endIndex {
                let end = text[index...].firstIndex(of: "\n") ?? text.endIndex
                if index < end, text[index] != " " {
                    close(at: index)
                    let nameEnd = text[index..<end].firstIndex(of: " ") ?? end
                    var name = text[index..<nameEnd]
                    while let last = name.last, last == "!" || last == "+" { name.removeLast() }
                    current = (String(name), index)
                }
                index = end == text.endIndex ? end : text.index(after: end)
            }
            close(at: text.endIndex)
        }
        var builder = Builder(lines: lines, isCurrent: profile == .current)
        for name in lines.keys { _ = builder.definition(name) }
        definitions = builder.built
    }

    private struct Builder {
        let lines: [String: Substring.UTF8View]
        let isCurrent: Bool
        var built: [String: TypeSchema] = [:]
        var open: Set<String> = []

        mutating func definition(_ name: String) -> TypeSchema {
            if let schema = built[name] { return schema }
            // A definition that contains itself is not followed: the built-in ones that do are stored as they come.
            guard let line = lines[name], open.insert(name).inserted else { return .atomic }
            defer { open.remove(name) }
            var words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })[...]
            let head = String(words.popFirst() ?? Substring().utf8) ?? ""
            var fields: [String: TypeSchema] = [:]
            for word in words {
                var scanner = Scanner(word)
                let isNewer = scanner.take(UInt8(ascii: "+"))
                let member = scanner.word()
                guard !isNewer || isCurrent, scanner.take(UInt8(ascii: ":")) else { continue }
                let type = type(&scanner)
                if scanner.take(UInt8(ascii: "?")) {
                    fields[member] = type.with(presence: .droppedIfEmpty)
                } else if scanner.take(UInt8(ascii: "{")) {
                    fields[member] = type.with(presence: .always)
                } else {
                    fields[member] = type
                }
            }
            let isAtomic = head.hasSuffix("!") || (head.hasSuffix("!+") && isCurrent)
            let schema = TypeSchema(.structure, fields: fields, merge: isAtomic ? .atomic : .granular, name: name)
            built[name] = schema
            return schema
        }

        mutating func type(_ scanner: inout Scanner) -> TypeSchema {
            if scanner.take(UInt8(ascii: "[")) {
                let element = type(&scanner)
                _ = scanner.take(UInt8(ascii: "]"))
                return list(of: element, &scanner)
            }
            if scanner.take(UInt8(ascii: "{")) {
                let value = type(&scanner)
                _ = scanner.take(UInt8(ascii: "}"))
                return TypeSchema(.map, element: value, merge: takesAtomic(&scanner) ? .atomic : .granular)
            }
            let name = scanner.word()
            guard let kind = TypeTable.leaves[name] else { return definition(name) }
            let isNewer = scanner.take(UInt8(ascii: "+"))
            guard scanner.take(UInt8(ascii: "=")) else { return TypeSchema(kind, merge: .atomic) }
            let value = JSONValue.string(scanner.word())
            return TypeSchema(kind, merge: .atomic, defaultValue: isNewer && !isCurrent ? nil : value)
        }

        private mutating func list(of element: TypeSchema, _ scanner: inout Scanner) -> TypeSchema {
            var merge = TypeSchema.Merge.atomic
            var patch = TypeSchema.PatchStrategy.replace
            while true {
                switch scanner.word() {
                case "map":
                    let keys = scanner.arguments()
                    merge = .keyed(keys)
                    patch = .mergeBy(keys.first ?? "name")
                case "set":
                    merge = .set
                    patch = .mergeValues
                case "merge":
                    patch = scanner.arguments().first.map { .mergeBy($0) } ?? .mergeValues
                default: return TypeSchema(.list, element: element, merge: merge, patch: patch)
                }
            }
        }

        private func takesAtomic(_ scanner: inout Scanner) -> Bool {
            let isNewer = scanner.take(UInt8(ascii: "+"))
            return scanner.take(UInt8(ascii: "!")) && (!isNewer || isCurrent)
        }
    }

    private struct Scanner {
        private var rest: Substring.UTF8View.SubSequence

        init(_ text: Substring.UTF8View.SubSequence) { rest = text }

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        mutating func word() -> String {
            let word = rest.prefix {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }
            rest = rest.dropFirst(word.count)
            return String(decoding: word, as: UTF8.self)
        }

        mutating func arguments() -> [String] {
            guard take(UInt8(ascii: "(")) else { return [] }
            var words: [String] = []
            while !take(UInt8(ascii: ")")), !rest.isEmpty {
                words.append(word())
                _ = take(UInt8(ascii: ","))
            }
            return words.filter { !$0.isEmpty }
        }
    }

    private static let leaves: [String: TypeSchema.Kind] = [
        "str": .string, "int": .integer, "num": .number, "bool": .boolean, "qty": .quantity, "ios": .intOrString,
        "bytes": .bytes, "time": .time, "microtime": .microTime, "any": .any,
    ]
}
