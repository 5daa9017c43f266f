/// What can follow `(`.
extension PatternParser {
    /// Reads `(`, `(?P<name>`, `(?<name>`, `(?flags)` or `(?flags:`.
    mutating func openGroup() throws(SelectionError) {
        let start = index
        guard peek(1) == UInt8(ascii: "?") else {
            index += 1
            return try open(capturing: true, at: start)
        }
        if let construct = unsupportedGroup() {
            throw fail("\(construct) are not supported", at: start)
        }
        if isNext("(?P<") || isNext("(?<") {
            index += isNext("(?P<") ? 4 : 3
            return try open(capturing: true, name: try groupName(openedAt: start), at: start)
        }
        try readFlags(openedAt: start)
    }

    /// The name of a construct of other dialects, so that the message says more than "bad operator".
    private func unsupportedGroup() -> String? {
        let constructs: [(StaticString, String)] = [
            ("(?=", "look-aheads, (?=,"), ("(?!", "negative look-aheads, (?!,"), ("(?<=", "look-behinds, (?<=,"),
            ("(?<!", "negative look-behinds, (?<!,"), ("(?>", "atomic groups, (?>,"), ("(?#", "comments, (?#,"),
            ("(?P=", "back-references, (?P=,"), ("(?P>", "subroutine calls, (?P>,"), ("(?&", "subroutine calls, (?&,"),
            ("(?R", "recursive patterns, (?R,"), ("(?(", "conditionals, (?(,"), ("(?|", "branch resets, (?|,"),
            ("(?'", "groups named with quotes, (?',"),
        ]
        if let found = constructs.first(where: { isNext($0.0) }) { return found.1 }
        if let digit = peek(2), (48...57).contains(digit) { return "recursive patterns, (?1 and the like," }
        return nil
    }

    private mutating func groupName(openedAt start: Int) throws(SelectionError) -> String {
        let nameStart = index
        while let byte = peek(), byte != UInt8(ascii: ">") { index += byte < 0x80 ? 1 : max(1, width(of: byte)) }
        let name = text(from: nameStart)
        guard peek() == UInt8(ascii: ">") else { throw fail("a group name without its >", at: start) }
        index += 1
        // RE2 also takes letters beyond ASCII; a template could not tell where such a name ends in every editor.
        let isWord = name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
        guard !name.isEmpty, isWord else {
            throw fail("a group name must be letters, digits and _, not \(name.quoted)", at: start)
        }
        return name
    }

    private func width(of first: UInt8) -> Int { first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4 }

    private mutating func readFlags(openedAt start: Int) throws(SelectionError) {
        index += 2
        var new = flags
        var isClearing = false
        var sawFlag = false
        while let byte = peek() {
            index += 1
            switch byte {
            case UInt8(ascii: "i"): new.ignoresCase = !isClearing
            case UInt8(ascii: "m"): new.isMultiline = !isClearing
            case UInt8(ascii: "s"): new.dotMatchesLineFeed = !isClearing
            case UInt8(ascii: "U"): new.isUngreedy = !isClearing
            case UInt8(ascii: "-"):
                guard !isClearing else { throw fail("two - in the flags of a group", at: start) }
                isClearing = true
                sawFlag = false
                continue
            case UInt8(ascii: ":"), UInt8(ascii: ")"):
                guard !isClearing || sawFlag else { throw fail("- without a flag in a group", at: start) }
                // The group remembers the flags outside of it, so it opens before they change.
                if byte == UInt8(ascii: ":") { try open(capturing: false, at: start) }
                flags = new
                return
            default:
                index -= 1
                _ = nextScalar()
                throw fail("\(text(from: start).quoted) is not a group or a flag (i, m, s, U)", at: start)
            }
            sawFlag = true
        }
        throw fail("missing ) for the group that opens", at: start)
    }
}
