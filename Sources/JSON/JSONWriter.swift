extension JSONValue {
    /// The canonical form: members sorted by their UTF-8, no white space, no escape that JSON or YAML does not demand.
    ///
    /// An API server parses an apply patch as YAML, which has no `\/`, reads line breaks such as U+0085 as spaces, and
    /// refuses control characters (YAML 1.1, 5.1 and 5.4; both seen on 1.20); those are escaped. Values with equal bytes
    /// are equal, so a digest of them is an identity; strings that only differ in Unicode normalisation are equal with
    /// other bytes.
    public var canonicalBytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        append(to: &output, indent: nil)
        return output
    }

    /// The canonical form as text.
    public var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    /// The same, with two spaces of indentation a level and a line break at the end, for people.
    public var prettyText: String {
        var output: [UInt8] = []
        append(to: &output, indent: 0)
        output.append(0x0A)
        return String(decoding: output, as: UTF8.self)
    }

    private func append(to output: inout [UInt8], indent: Int?) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let number): output.append(contentsOf: String(number).utf8)
        case .decimal(let text): output.append(contentsOf: text.utf8)
        case .string(let text): JSONValue.append(text, to: &output)
        case .array(let elements):
            list(elements, brackets: (UInt8(ascii: "["), UInt8(ascii: "]")), indent, to: &output) { element, output in
                element.append(to: &output, indent: indent.map { $0 + 1 })
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            list(sorted, brackets: (UInt8(ascii: "{"), UInt8(ascii: "}")), indent, to: &output) { member, output in
                JSONValue.append(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                if indent != nil { output.append(0x20) }
                member.value.append(to: &output, indent: indent.map { $0 + 1 })
            }
        }
    }

    private func list<Element>(
        _ elements: [Element],
        brackets: (open: UInt8, close: UInt8),
        _ indent: Int?,
        to output: inout [UInt8],
        _ append: (Element, inout [UInt8]) -> Void
    ) {
        output.append(brackets.open)
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONValue.breakLine(indent.map { $0 + 1 }, to: &output)
            append(element, &output)
        }
        if !elements.isEmpty { JSONValue.breakLine(indent, to: &output) }
        output.append(brackets.close)
    }

    private static func breakLine(_ indent: Int?, to output: inout [UInt8]) {
        guard let indent else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indent * 2))
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: output += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0x20..<0x7F: output.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: appendEscape(scalar.value, to: &output)
            default: output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ unit: UInt32, to output: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        output.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] { output.append(hex[Int(unit >> UInt32(shift) & 15)]) }
    }
}
