import JSON

/// What a scalar stands for (goyaml.v2 `resolve.go`).
enum YAMLScalar {
    /// A scalar that JSON has no value for, or that does not fit its tag.
    struct Refusal: Error {
        let message: String
    }

    /// The value of a scalar with its style and tag.
    static func value(_ text: String, isPlain: Bool, tag: String?) throws(Refusal) -> JSONValue {
        let prefix = "tag:yaml.org,2002:"
        guard let tag, !tag.isEmpty else { return isPlain ? try plain(text) : .string(text) }
        // "!" is the non-specific tag: the text as it stands.
        if tag == "!" { return .string(text) }
        guard tag.hasPrefix(prefix) else { throw Refusal(message: "the tag \(tag) is not supported") }
        let value = try plain(text)
        switch (tag.dropFirst(prefix.count), value) {
        case ("str", _), ("timestamp", .string): return .string(text)
        case ("null", .null), ("bool", .bool), ("int", .integer), ("float", .integer), ("float", .decimal): return value
        case ("int", .decimal(let number)) where number.utf8.allSatisfy({ $0 == 0x2D || isDigit($0) }): return value
        case ("null", _), ("bool", _), ("int", _), ("float", _), ("timestamp", _):
            throw Refusal(message: "\"\(text.prefix(100))\" is not of the type !!\(tag.dropFirst(prefix.count))")
        default: throw Refusal(message: "the tag !!\(tag.dropFirst(prefix.count)) is not supported")
        }
    }

    /// The value of a plain scalar without a tag.
    static func plain(_ text: String) throws(Refusal) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            throw Refusal(message: "JSON has no number \(text)")
        default: break
        }
        guard let first = text.utf8.first, first == 0x2B || first == 0x2D || first == 0x2E || isDigit(first) else {
            return .string(text)
        }
        if isTimestamp(text) { return .string(text) }
        let digits = first == 0x2E ? Array(text.utf8) : text.utf8.filter { $0 != 0x5F }
        return integer(digits) ?? decimal(digits) ?? .string(text)
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// A date as goyaml.v2 knows it starts with a year of four digits. It stays a string, so its exact form does not
    /// matter here: nothing else that starts this way is a number.
    static func isTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(5))
        return bytes.count == 5 && bytes[4] == 0x2D && bytes[..<4].allSatisfy(isDigit)
    }

    /// Decimal, `0x`, `0b`, `0o` and the old octal with a leading zero. Beyond 64 bits only decimal numbers are kept.
    private static func integer(_ text: [UInt8]) -> JSONValue? {
        var digits = text[...]
        var isNegative = false
        if let sign = digits.first, sign == 0x2B || sign == 0x2D {
            isNegative = sign == 0x2D
            digits = digits.dropFirst()
        }
        var radix = 10
        if digits.first == 0x30, digits.count > 1 {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        // `Int64(_:radix:)` takes a sign, which must not come second.
        guard let first = digits.first, first != 0x2B, first != 0x2D else { return nil }
        let body = String(decoding: digits, as: UTF8.self)
        if let number = Int64((isNegative ? "-" : "") + body, radix: radix) { return .integer(number) }
        if !isNegative, let number = UInt64(body, radix: radix) { return .decimal(String(number)) }
        guard radix == 10, digits.allSatisfy(isDigit) else { return nil }
        return .decimal((isNegative ? "-" : "") + body)
    }

    /// A number with a fraction or an exponent, brought to JSON's form: no plus sign, no leading zeros, digits on both
    /// sides of the point.
    private static func decimal(_ text: [UInt8]) -> JSONValue? {
        var rest = text[...]
        var output: [UInt8] = []
        if let sign = rest.first, sign == 0x2B || sign == 0x2D {
            if sign == 0x2D { output.append(sign) }
            rest = rest.dropFirst()
        }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == 0x2E {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let significant = whole.drop { $0 == 0x30 }
        output += significant.isEmpty ? [0x30] : significant
        if !fraction.isEmpty { output += [0x2E] + fraction }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            output.append(UInt8(ascii: "e"))
            rest = rest.dropFirst()
            if let sign = rest.first, sign == 0x2B || sign == 0x2D {
                output.append(sign)
                rest = rest.dropFirst()
            }
            guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return nil }
            output += rest
            rest = []
        }
        guard rest.isEmpty else { return nil }
        return .decimal(String(decoding: output, as: UTF8.self))
    }
}
