/// Escapes and character classes.
extension PatternParser {
    // MARK: Outside brackets

    mutating func escapeOutsideClass() throws(SelectionError) {
        let start = index
        switch peek(1) {
        case UInt8(ascii: "b"): try assertion(.wordBoundary)
        case UInt8(ascii: "B"): try assertion(.notWordBoundary)
        case UInt8(ascii: "A"): try assertion(.textStart)
        case UInt8(ascii: "z"): try assertion(.textEnd)
        case UInt8(ascii: "Q"): try quotedLiteral()
        case UInt8(ascii: "C"):
            // RE2 has it; half a character is of no use in a name, and Go refuses it too.
            throw fail("\\C, a single byte, is not supported", at: start)
        default:
            if let group = try perlOrUnicodeGroup() {
                try push(CharacterClass(groups: [group], ignoresCase: flags.ignoresCase))
            } else {
                try push(literal: try escapedScalar())
            }
        }
    }

    private mutating func assertion(_ assertion: Assertion) throws(SelectionError) {
        index += 2
        try push(.assert(assertion))
    }

    /// `\Q...\E`: everything in between stands for itself; without `\E` the rest of the pattern.
    private mutating func quotedLiteral() throws(SelectionError) {
        index += 2
        while index < bytes.count {
            if isNext("\\E") {
                index += 2
                return
            }
            try push(literal: nextScalar())
        }
    }

    // MARK: Named classes

    /// Reads `\d`, `\pL`, `\p{Lu}` and the like; nil where the escape is none of them.
    private mutating func perlOrUnicodeGroup() throws(SelectionError) -> CharacterClass.Group? {
        guard let letter = peek(1) else { return nil }
        let name: String
        switch letter {
        case UInt8(ascii: "d"), UInt8(ascii: "D"): name = "digit"
        case UInt8(ascii: "s"), UInt8(ascii: "S"): name = "perl space"
        case UInt8(ascii: "w"), UInt8(ascii: "W"): name = "word"
        case UInt8(ascii: "p"), UInt8(ascii: "P"): return try unicodeGroup()
        default: return nil
        }
        index += 2
        let isUpper = letter < UInt8(ascii: "a")
        return CharacterClass.Group(ranges: PatternParser.asciiRanges(of: name) ?? [], negated: isUpper)
    }

    private mutating func unicodeGroup() throws(SelectionError) -> CharacterClass.Group {
        let start = index
        var isNegated = peek(1) == UInt8(ascii: "P")
        index += 2
        guard let first = peek() else { throw fail("\\p without the name of a class", at: start) }
        var name: Substring
        if first == UInt8(ascii: "{") {
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                throw fail("\\p{ without its }", at: start)
            }
            name = Substring(decoding: bytes[index + 1..<end], as: UTF8.self)
            index = end + 1
        } else {
            let nameStart = index
            _ = nextScalar()
            name = Substring(text(from: nameStart))
        }
        if name.hasPrefix("^") {
            isNegated.toggle()
            name = name.dropFirst()
        }
        guard let categories = CategorySet(name: String(name)) else {
            throw fail(
                "\(text(from: start).quoted) is not a general category such as \\pL or \\p{Lu}; scripts are not supported",
                at: start
            )
        }
        return CharacterClass.Group(categories: categories, negated: isNegated)
    }

    /// The members of a POSIX class (all of them ASCII), or of `\s`, which lacks the vertical tab of `[:space:]`.
    private static func asciiRanges(of name: String) -> [ClosedRange<UInt32>]? {
        switch name {
        case "alnum": [48...57, 65...90, 97...122]
        case "alpha": [65...90, 97...122]
        case "ascii": [0...127]
        case "blank": [9...9, 32...32]
        case "cntrl": [0...31, 127...127]
        case "digit": [48...57]
        case "graph": [33...126]
        case "lower": [97...122]
        case "print": [32...126]
        case "punct": [33...47, 58...64, 91...96, 123...126]
        case "space": [9...13, 32...32]
        case "perl space": [9...10, 12...13, 32...32]
        case "upper": [65...90]
        case "word": [48...57, 65...90, 95...95, 97...122]
        case "xdigit": [48...57, 65...70, 97...102]
        default: nil
        }
    }

    // MARK: Brackets

    mutating func bracketClass() throws(SelectionError) -> CharacterClass {
        let start = index
        index += 1
        let isNegated = peek() == UInt8(ascii: "^")
        if isNegated { index += 1 }
        var ranges: [ClosedRange<UInt32>] = []
        var groups: [CharacterClass.Group] = []
        var isFirst = true
        while let byte = peek(), byte != UInt8(ascii: "]") || isFirst {
            isFirst = false
            if let group = try posixGroup() {
                groups.append(group)
                continue
            }
            if byte == UInt8(ascii: "\\"), let group = try perlOrUnicodeGroup() {
                groups.append(group)
                continue
            }
            let rangeStart = index
            let low = try classScalar(openedAt: start)
            guard peek() == UInt8(ascii: "-"), let after = peek(1), after != UInt8(ascii: "]") else {
                ranges.append(low...low)
                continue
            }
            index += 1
            let high = try classScalar(openedAt: start)
            guard low <= high else {
                throw fail("the range \(text(from: rangeStart).quoted) runs backwards", at: rangeStart)
            }
            ranges.append(low...high)
        }
        guard peek() == UInt8(ascii: "]") else { throw fail("missing ] for the class that opens", at: start) }
        index += 1
        return CharacterClass(ranges: ranges, groups: groups, negated: isNegated, ignoresCase: flags.ignoresCase)
    }

    private mutating func classScalar(openedAt start: Int) throws(SelectionError) -> UInt32 {
        guard let byte = peek() else { throw fail("missing ] for the class that opens", at: start) }
        return byte == UInt8(ascii: "\\") ? try escapedScalar() : nextScalar()
    }

    /// Reads `[:name:]` or `[:^name:]` inside brackets; nil where no `:]` follows.
    private mutating func posixGroup() throws(SelectionError) -> CharacterClass.Group? {
        guard isNext("[:") else { return nil }
        let start = index
        var end = index + 2
        while end + 1 < bytes.count, bytes[end] != UInt8(ascii: ":") || bytes[end + 1] != UInt8(ascii: "]") { end += 1 }
        guard end + 1 < bytes.count else { return nil }
        var name = Substring(decoding: bytes[index + 2..<end], as: UTF8.self)
        index = end + 2
        let isNegated = name.hasPrefix("^")
        if isNegated { name = name.dropFirst() }
        guard name != "perl space", let ranges = PatternParser.asciiRanges(of: String(name)) else {
            throw fail("\(text(from: start).quoted) is not a POSIX class such as [:alpha:]", at: start)
        }
        return CharacterClass.Group(ranges: ranges, negated: isNegated)
    }

    // MARK: Single characters

    /// Reads an escape that stands for one character.
    private mutating func escapedScalar() throws(SelectionError) -> UInt32 {
        let start = index
        index += 1
        guard let byte = peek() else { throw fail("a backslash at the end", at: start) }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try octalScalar(from: start)
        case UInt8(ascii: "x"): return try hexadecimalScalar(from: start)
        case UInt8(ascii: "n"): return single(10)
        case UInt8(ascii: "r"): return single(13)
        case UInt8(ascii: "t"): return single(9)
        case UInt8(ascii: "a"): return single(7)
        case UInt8(ascii: "f"): return single(12)
        case UInt8(ascii: "v"): return single(11)
        case UInt8(ascii: "k"), UInt8(ascii: "g"):
            throw fail("back-references, \\k and \\g, are not supported", at: start)
        case UInt8(ascii: "Z"): throw fail("\\Z is not supported; write \\z or $", at: start)
        default:
            let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
            guard byte < 0x80, !isLetter else {
                _ = nextScalar()
                throw fail("the escape \(text(from: start).quoted) is not supported", at: start)
            }
            return single(UInt32(byte))
        }
    }

    private mutating func single(_ value: UInt32) -> UInt32 {
        index += 1
        return value
    }

    /// `\0`, `\12`, `\123`; a single digit other than 0 would be a back-reference.
    private mutating func octalScalar(from start: Int) throws(SelectionError) -> UInt32 {
        func octalDigit(_ byte: UInt8?) -> UInt32? {
            guard let byte, (48...55).contains(byte) else { return nil }
            return UInt32(byte - 48)
        }
        guard let first = octalDigit(peek()), first == 0 || octalDigit(peek(1)) != nil else {
            throw fail("back-references, \\1 and the like, are not supported", at: start)
        }
        var value: UInt32 = 0
        for _ in 0..<3 {
            guard let digit = octalDigit(peek()) else { break }
            value = value * 8 + digit
            index += 1
        }
        return value
    }

    /// `\x41` or `\x{1F600}`.
    private mutating func hexadecimalScalar(from start: Int) throws(SelectionError) -> UInt32 {
        index += 1
        let isBraced = peek() == UInt8(ascii: "{")
        if isBraced { index += 1 }
        var value: UInt32 = 0
        var digits = 0
        while let byte = peek(), let digit = UInt8(hexDigit: byte), isBraced || digits < 2 {
            value = value * 16 + UInt32(digit)
            digits += 1
            index += 1
            guard value <= 0x10_ffff else { throw fail("a character beyond U+10FFFF", at: start) }
        }
        let isClosed = !isBraced || peek() == UInt8(ascii: "}")
        guard isBraced ? digits > 0 : digits == 2, isClosed else {
            throw fail("\\x takes two hexadecimal digits, or any number in braces", at: start)
        }
        if isBraced { index += 1 }
        return value
    }
}

extension UInt8 {
    /// The value of an ASCII hexadecimal digit.
    fileprivate init?(hexDigit byte: UInt8) {
        switch byte {
        case 48...57: self = byte - 48
        case 65...70: self = byte - 55
        case 97...102: self = byte - 87
        default: return nil
        }
    }
}
