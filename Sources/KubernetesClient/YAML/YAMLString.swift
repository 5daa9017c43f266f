import JSON
/// How a string can be written.
enum YAMLString {
    /// Whether `text` may stand without quotes: it has one reading, in YAML 1.1 and 1.2, and that is a string.
    static func isPlain(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 4096 else { return false }
        guard first != 0x20, last != 0x20, last != UInt8(ascii: ":"), text.unicodeScalars.allSatisfy(isPrintable) else {
            return false
        }
        // A dash starts a plain scalar if something follows it: `-v` is one, `- v` and `---` are not.
        let second = bytes.count > 1 ? bytes[1] : 0x20
        if first == 0x2D, second == 0x20 || text.hasPrefix("---") { return false }
        if "?:,[]{}#&*!|>'\"%@`=<~".utf8.contains(first) || text.hasPrefix("...") { return false }
        for (byte, following) in zip(bytes, bytes.dropFirst()) {
            if byte == UInt8(ascii: ":"), following == 0x20 { return false }
            if byte == 0x20, following == UInt8(ascii: "#") { return false }
        }
        if YAMLScalar.isTimestamp(text) || isSexagesimal(bytes) { return false }
        return (try? YAMLScalar.plain(text))?.string != nil
    }

    /// YAML 1.1's numbers to the base of 60, such as `12:30:45`, which other readers still know.
    private static func isSexagesimal(_ bytes: [UInt8]) -> Bool {
        bytes.contains(UInt8(ascii: ":")) && bytes.allSatisfy { YAMLScalar.isDigit($0) || "+-:._".utf8.contains($0) }
    }

    /// Whether `text` may be a literal block: several lines, none of which ends in white space, and a first line that
    /// shows the indentation.
    static func isBlock(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first != 0x20, first != 0x0A, first != 0x09, bytes.contains(0x0A) else {
            return false
        }
        for (byte, following) in zip(bytes, bytes.dropFirst() + [0x0A]) where following == 0x0A {
            if byte == 0x20 || byte == 0x09 { return false }
        }
        return text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || isPrintable($0) }
    }

    /// Printable in YAML 1.1 and on a terminal. The byte order mark and Unicode's own line breaks are not.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202F...0x205F, 0x2070...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
        case 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// `text` in double quotes.
    static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\t": output += "\\t"
            case "\r": output += "\\r"
            case _ where isPrintable(scalar): output.unicodeScalars.append(scalar)
            default:
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: max(4 - hex.count, 0)) + hex
            }
        }
        return output + "\""
    }
}
