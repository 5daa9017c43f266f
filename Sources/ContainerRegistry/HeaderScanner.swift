/// Walks over the bytes of a structured header: tokens, quoted strings, lists (RFC 9110, 5.6).
///
/// Every step either consumes a byte or stops, so reading is linear in the header's length.
struct HeaderScanner {
    private let bytes: [UInt8]
    var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { index >= bytes.count }
    var peek: UInt8? { isAtEnd ? nil : bytes[index] }
    var isAtSpace: Bool { peek == 0x20 || peek == 0x09 }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    mutating func skipSpace() {
        while isAtSpace { index += 1 }
    }

    /// Skips white space and the commas of a list, empty elements included.
    mutating func skipSeparators() {
        while isAtSpace || peek == UInt8(ascii: ",") { index += 1 }
    }

    /// A token; nil, with nothing consumed, where none stands.
    mutating func token() -> String? {
        text(while: HeaderScanner.isTokenByte)
    }

    /// A quoted string or a run of visible bytes without comma, semicolon and quote; nil where neither stands.
    mutating func value() -> String? {
        if peek == UInt8(ascii: "\"") { return quotedString() }
        return text { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") }
    }

    /// `token68`, if it fills the rest of the list element; else nil with nothing consumed.
    mutating func token68() -> String? {
        let start = index
        guard var found = text(while: HeaderScanner.isToken68Byte) else { return nil }
        while take(UInt8(ascii: "=")) { found += "=" }
        skipSpace()
        if isAtEnd || peek == UInt8(ascii: ",") { return found }
        index = start
        return nil
    }

    /// Everything up to `end`, which is consumed; nil where it does not come.
    mutating func text(upTo end: UInt8) -> String? {
        guard let found = text(while: { $0 != end && $0 > 0x20 && $0 < 0x7F }), take(end) else { return nil }
        return found
    }

    private mutating func quotedString() -> String? {
        index += 1
        var content: [UInt8] = []
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = peek, escaped >= 0x20 || escaped == 0x09, escaped != 0x7F else { return nil }
                index += 1
                content.append(escaped)
            case 0x00..<0x09, 0x0A..<0x20, 0x7F: return nil
            default: content.append(byte)
            }
        }
        return nil
    }

    private mutating func text(while isPart: (UInt8) -> Bool) -> String? {
        let start = index
        while let byte = peek, isPart(byte) { index += 1 }
        return index == start ? nil : String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || tokenMarks.contains(byte)
    }

    private static func isToken68Byte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || token68Marks.contains(byte)
    }

    private static let tokenMarks = Array("!#$%&'*+-.^_`|~".utf8)
    private static let token68Marks = Array("-._~+/".utf8)
}
