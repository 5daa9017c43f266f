import JSON
import TestSupport

/// Makes random documents, and writes them in as many ways as the grammar allows.
struct RandomJSON {
    var generator: SplitMix64

    mutating func value(depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0..<(depth == 0 ? 6 : 9), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()) >> Int64.random(in: 0..<64, using: &generator))
        case 3: return .decimal(decimal())
        case 4, 5: return .string(text())
        case 6: return .array((0..<Int.random(in: 0...4, using: &generator)).map { _ in value(depth: depth - 1) })
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &generator) { members[text()] = value(depth: depth - 1) }
            return .object(members)
        }
    }

    /// A number that is not a 64-bit integer in the sense of `JSONValue`: it has a fraction or an exponent.
    private mutating func decimal() -> String {
        let whole = Int.random(in: -999...999, using: &generator)
        let fraction = Int.random(in: 0...999, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return "\(whole).\(fraction)"
        case 1: return "\(whole)e\(Int.random(in: -20...20, using: &generator))"
        case 2: return "\(whole).\(fraction)E+\(Int.random(in: 0...20, using: &generator))"
        default: return "-0.\(fraction)"
        }
    }

    private static let alphabet: [Unicode.Scalar] = [
        "a", "b", "Z", "0", " ", "/", "\\", "\"", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "\u{85}", "ß", "é", "日",
        "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}", "😀", "\u{10FFFF}",
    ]

    mutating func text() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            text.unicodeScalars.append(Self.alphabet.randomElement(using: &generator) ?? "x")
        }
        return text
    }

    /// `value` with random white space and random escapes.
    mutating func write(_ value: JSONValue) -> String {
        space() + body(value) + space()
    }

    private mutating func body(_ value: JSONValue) -> String {
        switch value {
        case .null: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .integer(let number): return String(number)
        case .decimal(let text): return text
        case .string(let text): return quoted(text)
        case .array(let elements):
            var parts: [String] = []
            for element in elements { parts.append(write(element)) }
            return "[" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "]"
        case .object(let members):
            var parts: [String] = []
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                parts.append(space() + quoted(name) + space() + ":" + write(member))
            }
            return "{" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "}"
        }
    }

    private mutating func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape || Int.random(in: 0..<4, using: &generator) == 0 {
                for unit in UTF16.encode(scalar) ?? Unicode.UTF16.EncodedScalar() { output += escape(unit) }
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    private mutating func escape(_ unit: UInt16) -> String {
        let short: [UInt16: String] = [
            0x22: "\\\"", 0x5C: "\\\\", 0x2F: "\\/", 0x08: "\\b", 0x0C: "\\f", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t",
        ]
        if let text = short[unit], Bool.random(using: &generator) { return text }
        let hex = String(unit, radix: 16, uppercase: .random(using: &generator))
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }

    private mutating func space() -> String {
        String(
            (0..<Int.random(in: 0...2, using: &generator)).map { _ in " \n\r\t".randomElement(using: &generator) ?? " "
            }
        )
    }
}
