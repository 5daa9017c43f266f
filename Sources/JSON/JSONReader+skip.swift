/// Reading over values. Half of a stored object is `managedFields`, which nobody reads, and pod templates are kept as
/// their text: most bytes of a list pass through here. So positions are passed on as values over one span, and the
/// reader itself is written once, at the end or at a mistake.
extension JSONReader {
    /// Reads over the next value, whatever it is, and checks its syntax.
    public mutating func skip() throws(JSONError) {
        let document = bytes
        index = try endOfValue(in: document.span, from: index, level: depth)
    }

    private mutating func endOfValue(
        in span: Span<UInt8>,
        from start: Int,
        level: Int
    ) throws(JSONError) -> Int {
        let position = endOfSpace(in: span, from: start)
        guard position < end else { throw fail("the document ends where a value was expected", at: position) }
        switch span[position] {
        case UInt8(ascii: "\""): return try endOfString(in: span, from: position).end
        case UInt8(ascii: "{"): return try endOfObject(in: span, from: position, level: level + 1)
        case UInt8(ascii: "["): return try endOfArray(in: span, from: position, level: level + 1)
        default:
            index = position
            switch try peek() {
            case .null: try literal("null")
            case .bool: _ = try readBool()
            default: _ = try scanNumber()
            }
            return index
        }
    }

    private mutating func endOfObject(
        in span: Span<UInt8>,
        from start: Int,
        level: Int
    ) throws(JSONError) -> Int {
        guard level <= Self.maximumDepth else { throw tooDeep(at: start + 1) }
        var position = endOfSpace(in: span, from: start + 1)
        if position < end, span[position] == UInt8(ascii: "}") { return position + 1 }
        while true {
            position = endOfSpace(in: span, from: position)
            guard position < end, span[position] == UInt8(ascii: "\"") else {
                index = position
                throw mismatch("a member's name")
            }
            position = endOfSpace(in: span, from: try endOfString(in: span, from: position).end)
            guard position < end, span[position] == UInt8(ascii: ":") else {
                throw fail("expected a colon after a member's name", at: position)
            }
            position = try endOfValue(in: span, from: position + 1, level: level)
            position = endOfSpace(in: span, from: position)
            let byte = position < end ? span[position] : 0
            if byte == UInt8(ascii: "}") { return position + 1 }
            guard byte == UInt8(ascii: ",") else {
                throw fail("expected a comma or the end of the object", at: position)
            }
            position += 1
        }
    }

    private mutating func endOfArray(
        in span: Span<UInt8>,
        from start: Int,
        level: Int
    ) throws(JSONError) -> Int {
        guard level <= Self.maximumDepth else { throw tooDeep(at: start + 1) }
        var position = endOfSpace(in: span, from: start + 1)
        if position < end, span[position] == UInt8(ascii: "]") { return position + 1 }
        while true {
            position = endOfSpace(in: span, from: try endOfValue(in: span, from: position, level: level))
            let byte = position < end ? span[position] : 0
            if byte == UInt8(ascii: "]") { return position + 1 }
            guard byte == UInt8(ascii: ",") else {
                throw fail("expected a comma or the end of the array", at: position)
            }
            position += 1
        }
    }

    /// The first position from `start` that is no white space.
    @inline(__always)
    private func endOfSpace(in span: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position < end {
            switch span[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return position
            }
        }
        return position
    }

    /// The position behind the string whose opening quote lies at `start`, and whether it holds escapes, which are
    /// checked: a string that is read over is valid too.
    @inline(__always)
    mutating func endOfString(
        in span: Span<UInt8>,
        from start: Int
    ) throws(JSONError) -> (end: Int, escaped: Bool) {
        var position = start + 1
        var escaped = false
        let end = end
        while position < end {
            let byte = span[position]
            if byte == UInt8(ascii: "\"") { return (position + 1, escaped) }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position = try endOfEscape(in: span, from: position)
            } else if byte < 0x20 {
                throw fail("a control character inside a string", at: position)
            } else {
                position += 1
            }
        }
        throw fail("the document ends inside a string", at: end)
    }

    @inline(__always)
    private mutating func endOfEscape(in span: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        guard start + 1 < end else { throw fail("the document ends inside a string", at: start) }
        switch span[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard hexUnit(at: start + 2, before: end) != nil else {
                throw fail("a \\u escape without four hexadecimal digits", at: start)
            }
            return start + 6
        default: throw fail("unknown escape in a string", at: start)
        }
    }

    func tooDeep(at position: Int) -> JSONError {
        JSONError("nested deeper than \(Self.maximumDepth) levels", offset: position)
    }

    private mutating func fail(_ message: String, at position: Int) -> JSONError {
        index = position
        return fail(message)
    }
}
