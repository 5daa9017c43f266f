/// A pull reader over JSON in memory: the caller asks for what it expects and skips the rest.
///
/// Guarantees: every access is bounds checked, nesting is bounded (`maximumDepth`), numbers never overflow, and input
/// of n bytes is read in O(n). As in Go's decoder, strings with invalid UTF-8 or lone surrogates are repaired with
/// U+FFFD, and of two members with one name the last counts. Trailing bytes are the caller's business: `finish()`
/// refuses them.
///
/// Why not `JSONDecoder`: the store of 10,000 objects is read at start, and Foundation needs eight times the CPU
/// (`make bench`).
public struct JSONReader {
    /// How deep objects and arrays may be nested.
    public static let maximumDepth = 200

    let bytes: [UInt8]
    var index: Int
    let end: Int
    var depth = 0

    /// A reader over the whole of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(bytes, range: 0..<bytes.count)
    }

    /// A reader over a part of `bytes`, without a copy.
    public init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        index = min(max(range.lowerBound, 0), bytes.count)
        end = min(max(range.upperBound, index), bytes.count)
    }

    /// The byte at which the next value starts, white space skipped.
    public var offset: Int { index }

    /// What kind of value comes next.
    public enum Kind: Sendable, Hashable {
        case null
        case bool
        case number
        case string
        case array
        case object
    }

    /// The kind of the next value, which is not consumed.
    public mutating func peek() throws(JSONError) -> Kind {
        skipSpace()
        guard index < end else { throw fail("the document ends where a value was expected") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw fail("unexpected \(describe(bytes[index]))")
        }
    }

    /// Reads an object: `member` is called with each key and has to consume its value, by a read or `skip()`.
    public mutating func readObject(
        _ member: (inout JSONReader, Key) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
        skipSpace()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return
        }
        while true {
            skipSpace()
            let key = try readKey()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fail("expected a colon after a member's name") }
            try member(&self, key)
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw fail("expected a comma or the end of the object") }
            depth -= 1
            return
        }
    }

    /// Reads an array: `element` is called at each element and has to consume it.
    public mutating func readArray(
        _ element: (inout JSONReader, Int) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
        skipSpace()
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return
        }
        var count = 0
        while true {
            try element(&self, count)
            count += 1
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw fail("expected a comma or the end of the array") }
            depth -= 1
            return
        }
    }

    /// Consumes `null` if it comes next.
    public mutating func readNull() throws(JSONError) -> Bool {
        skipSpace()
        guard index < end, bytes[index] == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Reads `true` or `false`.
    public mutating func readBool() throws(JSONError) -> Bool {
        guard try peek() == .bool else { throw mismatch("a boolean") }
        if bytes[index] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// Reads a whole number that fits 64 bits; `1.0` and `1e3` count as whole.
    public mutating func readInteger() throws(JSONError) -> Int64 {
        guard try peek() == .number else { throw mismatch("a whole number") }
        let start = index
        let range = try scanNumber()
        if let value = Self.integer(bytes[range]) { return value }
        if let value = Self.wholeNumber(bytes[range]) { return value }
        let text = String(decoding: bytes[range], as: UTF8.self)
        throw JSONError("\(text.prefix(40)) is not a whole number of 64 bits", offset: start)
    }

    /// Reads a number as its source text, which is exact.
    public mutating func readNumber() throws(JSONError) -> String {
        guard try peek() == .number else { throw mismatch("a number") }
        return String(decoding: bytes[try scanNumber()], as: UTF8.self)
    }

    /// Reads a string.
    public mutating func readString() throws(JSONError) -> String {
        guard try peek() == .string else { throw mismatch("a string") }
        let (range, escaped) = try scanString()
        return escaped ? try unescape(range) : String(decoding: bytes[range], as: UTF8.self)
    }

    /// The bytes of the next value, which is consumed.
    public mutating func readRange() throws(JSONError) -> Range<Int> {
        skipSpace()
        let start = index
        try skip()
        return start..<index
    }

    /// The next value as text that is known to be valid, which is consumed.
    public mutating func readText() throws(JSONError) -> JSONText {
        let range = try readRange()
        return JSONText(valid: Array(bytes[range]))
    }

    /// Refuses anything but white space after the last value.
    public mutating func finish() throws(JSONError) {
        skipSpace()
        guard index == end else { throw fail("unexpected \(describe(bytes[index])) after the document") }
    }

    /// The error for a value of another kind than `expected`, at the current place.
    public func mismatch(_ expected: String) -> JSONError {
        guard index < end else { return fail("expected \(expected), got the end of the document") }
        return fail("expected \(expected), got \(describe(bytes[index]))")
    }

    func fail(_ message: String) -> JSONError { JSONError(message, offset: index) }

    private func describe(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
        case UInt8(ascii: "n"): "null"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
        case 33...126: "\"\(Character(Unicode.Scalar(byte)))\""
        default: "byte \(byte)"
        }
    }
}
