/// The lexical half of the reader.
extension JSONReader {
    /// A member's name, compared without being made a `String`.
    public struct Key {
        let bytes: [UInt8]
        let range: Range<Int>
        let unescaped: String?

        /// Whether the name is `name`, given as UTF-8.
        public func equals(_ name: [UInt8]) -> Bool {
            if let unescaped { return unescaped.utf8.elementsEqual(name) }
            guard range.count == name.count else { return false }
            var index = range.lowerBound
            for byte in name {
                if bytes[index] != byte { return false }
                index += 1
            }
            return true
        }

        /// Whether the name is `name`.
        public func equals(_ name: StaticString) -> Bool {
            // Bytes, not characters: Swift's strings are equal up to Unicode normalisation, U+212A and K for instance.
            if let unescaped { return unescaped.utf8.elementsEqual(name.description.utf8) }
            guard range.count == name.utf8CodeUnitCount else { return false }
            var index = range.lowerBound
            return name.withUTF8Buffer { buffer in
                for byte in buffer {
                    if bytes[index] != byte { return false }
                    index += 1
                }
                return true
            }
        }

        /// The name.
        public var text: String { unescaped ?? String(decoding: bytes[range], as: UTF8.self) }
    }

    mutating func skipSpace() {
        while index < end {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < end, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func open(_ bracket: UInt8, _ what: String) throws(JSONError) {
        skipSpace()
        guard take(bracket) else { throw mismatch(what) }
        depth += 1
        guard depth <= Self.maximumDepth else { throw tooDeep(at: index) }
    }

    mutating func literal(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        guard end - index >= count, Key(bytes: bytes, range: index..<index + count, unescaped: nil).equals(text) else {
            throw fail("expected \(text)")
        }
        index += count
    }

    mutating func readKey() throws(JSONError) -> Key {
        guard index < end, bytes[index] == UInt8(ascii: "\"") else { throw mismatch("a member's name") }
        let (range, escaped) = try scanString()
        return Key(bytes: bytes, range: range, unescaped: escaped ? try unescape(range) : nil)
    }

    /// Moves past a string and returns what lies between its quotes.
    mutating func scanString() throws(JSONError) -> (range: Range<Int>, escaped: Bool) {
        let start = index + 1
        let document = bytes
        let (end, escaped) = try endOfString(in: document.span, from: index)
        index = end
        return (start..<end - 1, escaped)
    }

    /// Moves past a number: `-? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)?`.
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else { throw fail("malformed number") }
        if take(UInt8(ascii: ".")) {
            guard digits() > 0 else { throw fail("malformed number") }
        }
        if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
            guard digits() > 0 else { throw fail("malformed number") }
        }
        return start..<index
    }

    private mutating func digits() -> Int {
        let start = index
        while index < end, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index - start
    }

    static func integer(_ digits: ArraySlice<UInt8>) -> Int64? {
        let negative = digits.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in negative ? digits.dropFirst() : digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) =
                negative
                ? product.subtractingReportingOverflow(Int64(digit)) : product.addingReportingOverflow(Int64(digit))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }

    /// The value of a number with a fraction or an exponent, if it is whole and fits; computed on its digits, because a
    /// double is not exact beyond 2^53.
    static func wholeNumber(_ number: ArraySlice<UInt8>) -> Int64? {
        var digits: [UInt8] = []
        var scale = 0
        var index = number.startIndex
        let isNegative = number.first == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var inFraction = false
        while index < number.endIndex, number[index] | 0x20 != UInt8(ascii: "e") {
            if number[index] == UInt8(ascii: ".") {
                inFraction = true
            } else {
                digits.append(number[index])
                if inFraction { scale -= 1 }
            }
            index += 1
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            scale += 1
        }
        while digits.first == UInt8(ascii: "0") { digits.removeFirst() }
        if digits.isEmpty { return 0 }
        if index < number.endIndex {
            // An exponent that does not fit an Int makes no number that fits one.
            guard let exponent = Int(String(decoding: number[(index + 1)...], as: UTF8.self)) else { return nil }
            let (sum, overflow) = scale.addingReportingOverflow(exponent)
            guard !overflow else { return nil }
            scale = sum
        }
        guard scale >= 0, scale < 19 else { return nil }
        let sign = isNegative ? [UInt8(ascii: "-")] : []
        return integer((sign + digits + [UInt8](repeating: UInt8(ascii: "0"), count: scale))[...])
    }

    /// The text of a string that holds escapes. Lone surrogates become U+FFFD, as in Go.
    func unescape(_ range: Range<Int>) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard position < range.upperBound else { throw fail("a string ends inside an escape") }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                guard var unit = hexUnit(at: position, before: range.upperBound) else {
                    throw fail("a \\u escape without four hexadecimal digits")
                }
                position += 4
                if (0xD800..<0xDC00).contains(unit), position + 6 <= range.upperBound,
                    bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u"),
                    let low = hexUnit(at: position + 2, before: range.upperBound), (0xDC00..<0xE000).contains(low)
                {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                    position += 6
                }
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw fail("unknown escape in a string")
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    func hexUnit(at start: Int, before limit: Int) -> UInt32? {
        guard start + 4 <= limit else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + 4] {
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
