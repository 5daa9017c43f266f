public import JSON

extension YAML {
    /// `value` as a YAML document in block style, with a line break at the end.
    ///
    /// Guarantees: keys are sorted by their UTF-8, so equal values have equal texts; reading the text again, by this
    /// reader or by one for YAML 1.1 or 1.2, gives `value`. Strings are quoted only where another reading of them
    /// exists; texts of several lines are literal blocks. Lists are indented as kubectl does.
    public static func text(of value: JSONValue) -> String {
        var writer = YAMLWriter()
        writer.document(value)
        return String(decoding: writer.output, as: UTF8.self)
    }

    /// Several documents, each introduced by `---`.
    public static func text(of documents: [JSONValue]) -> String {
        documents.map { "---\n" + text(of: $0) }.joined()
    }
}

/// Writes JSON values in block style.
struct YAMLWriter {
    private(set) var output: [UInt8] = []

    mutating func document(_ value: JSONValue) {
        switch value {
        case .object(let members) where !members.isEmpty: mapping(members, indent: 0, startsOnLine: true)
        case .array(let elements) where !elements.isEmpty: sequence(elements, indent: 0, startsOnLine: true)
        default:
            scalar(value, indent: 0)
        }
    }

    /// - Parameter startsOnLine: whether the first key stands at the start of a line, and so needs indentation.
    private mutating func mapping(_ members: [String: JSONValue], indent: Int, startsOnLine: Bool) {
        var needsIndent = startsOnLine
        for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            if needsIndent { write(indent: indent) }
            needsIndent = true
            let text = YAMLString.isPlain(key) ? key : YAMLString.quoted(key)
            // A simple key may have 1024 characters at the most.
            if text.utf8.count > 1000 {
                write("? \(text)\n")
                write(indent: indent)
                write(":")
            } else {
                write("\(text):")
            }
            switch value {
            case .object(let members) where !members.isEmpty:
                write("\n")
                mapping(members, indent: indent + 2, startsOnLine: true)
            case .array(let elements) where !elements.isEmpty:
                write("\n")
                sequence(elements, indent: indent, startsOnLine: true)
            default:
                write(" ")
                scalar(value, indent: indent)
            }
        }
    }

    private mutating func sequence(_ elements: [JSONValue], indent: Int, startsOnLine: Bool) {
        var needsIndent = startsOnLine
        for element in elements {
            if needsIndent { write(indent: indent) }
            needsIndent = true
            write("- ")
            switch element {
            case .object(let members) where !members.isEmpty:
                mapping(members, indent: indent + 2, startsOnLine: false)
            case .array(let elements) where !elements.isEmpty:
                sequence(elements, indent: indent + 2, startsOnLine: false)
            default: scalar(element, indent: indent)
            }
        }
    }

    private mutating func scalar(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: write("null\n")
        case .bool(let value): write(value ? "true\n" : "false\n")
        case .integer(let number): write("\(number)\n")
        case .decimal(let text): write("\(text)\n")
        case .array: write("[]\n")
        case .object: write("{}\n")
        case .string(let text):
            if YAMLString.isBlock(text) {
                block(text, indent: indent + 2)
            } else {
                write((YAMLString.isPlain(text) ? text : YAMLString.quoted(text)) + "\n")
            }
        }
    }

    /// A literal block. The chomping indicator says how many line breaks end the text: `-` none, `+` more than one.
    private mutating func block(_ text: String, indent: Int) {
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        switch (text.utf8.last == 0x0A, text.hasSuffix("\n\n")) {
        case (false, _): write("|-\n")
        case (true, false): write("|\n")
        case (true, true): write("|+\n")
        }
        if text.utf8.last == 0x0A { lines.removeLast() }
        for line in lines {
            if !line.isEmpty {
                write(indent: indent)
                output += line
            }
            write("\n")
        }
    }

    private mutating func write(_ text: String) { output += text.utf8 }
    private mutating func write(indent: Int) { output.append(contentsOf: repeatElement(0x20, count: indent)) }
}
