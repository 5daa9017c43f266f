/// Compiles the text of a glob, without recursion: open braces lie on a stack.
struct GlobParser {
    /// Upper bound on braces inside braces.
    static let maximumDepth = 10

    private struct Frame {
        var branches: [Fragment] = []
        var parts: [Fragment] = []
        var position: Int
        /// Whether the brace stands where a path segment starts: then each of its alternatives starts one too.
        var startsSegment: Bool
    }

    private let scalars: [Unicode.Scalar]
    /// The byte offset of each scalar, and of the end.
    private let offsets: [Int]
    private var index = 0
    private var classes: [CharacterClass] = []
    private var frames = [Frame(position: 0, startsSegment: true)]
    /// Whether the next character starts a path segment.
    private var isAtSegmentStart = true

    init(_ source: String) {
        scalars = Array(source.unicodeScalars)
        offsets = scalars.reduce(into: [0]) { $0.append(($0.last ?? 0) + UTF8.width($1)) }
    }

    mutating func parse() throws(SelectionError) -> Program {
        while index < scalars.count {
            let scalar = scalars[index]
            switch scalar {
            case "*": try star()
            case "?":
                index += 1
                try append(CharacterClass(ranges: [47...47], negated: true))
            case "[": try append(try bracketClass())
            case "{":
                guard frames.count <= GlobParser.maximumDepth else {
                    throw fail("braces nest deeper than \(GlobParser.maximumDepth)")
                }
                frames.append(Frame(position: index, startsSegment: isAtSegmentStart))
                index += 1
            case "," where frames.count > 1:
                endAlternative()
                isAtSegmentStart = frames[frames.count - 1].startsSegment
                index += 1
            case "}" where frames.count > 1:
                endAlternative()
                if let frame = frames.popLast() {
                    frames[frames.count - 1].parts.append(.alternatives(frame.branches))
                }
                isAtSegmentStart = false
                index += 1
            case "\\":
                index += 1
                guard index < scalars.count else { throw fail("a backslash at the end", at: index - 1) }
                literal(scalars[index])
            default: literal(scalar)
            }
        }
        guard frames.count == 1 else {
            throw fail("missing } for the { that opens", at: frames[frames.count - 1].position)
        }
        let body = Fragment.sequence(frames[0].parts)
        let code = [Instruction.assert(.textStart)] + body.code + [.assert(.textEnd), .match]
        return Program(code: code, classes: classes, slots: 0)
    }

    private mutating func literal(_ scalar: Unicode.Scalar) {
        index += 1
        frames[frames.count - 1].parts.append(Fragment(.scalar(scalar.value)))
        isAtSegmentStart = scalar == "/"
    }

    private mutating func append(_ characters: CharacterClass) throws(SelectionError) {
        classes.append(characters)
        frames[frames.count - 1].parts.append(Fragment(.oneOf(Int32(classes.count - 1))))
        isAtSegmentStart = false
    }

    private mutating func endAlternative() {
        let branch = Fragment.sequence(frames[frames.count - 1].parts)
        frames[frames.count - 1].branches.append(branch)
        frames[frames.count - 1].parts = []
    }

    /// `*` or `**`; more than two stars are the same as two.
    private mutating func star() throws(SelectionError) {
        let start = index
        while index < scalars.count, scalars[index] == "*" { index += 1 }
        let isDoubled = index - start > 1 && isAtSegmentStart
        let anything = Fragment(.anyScalar).zeroOrMore(greedy: true)
        if isDoubled, index < scalars.count, scalars[index] == "/" {
            // Any number of whole segments with their slashes, so that none is needed where there are none.
            index += 1
            let segments = Fragment.sequence([anything, Fragment(.scalar(0x2f))]).optional(greedy: true)
            frames[frames.count - 1].parts.append(segments)
            isAtSegmentStart = true
            return
        }
        if isDoubled, try endsSegment(doubleStarAt: start) {
            frames[frames.count - 1].parts.append(anything)
        } else {
            classes.append(CharacterClass(ranges: [47...47], negated: true))
            frames[frames.count - 1].parts.append(
                Fragment(.oneOf(Int32(classes.count - 1))).zeroOrMore(greedy: true)
            )
        }
        isAtSegmentStart = false
    }

    /// Whether a path segment ends at the index: at the end of the pattern, or of an alternative that ends it.
    private func endsSegment(doubleStarAt start: Int) throws(SelectionError) -> Bool {
        guard index < scalars.count else { return true }
        var cursor = index
        var levels = frames.count - 1
        while levels > 0, cursor < scalars.count, scalars[cursor] == "," || scalars[cursor] == "}" {
            cursor = endOfBrace(from: cursor)
            levels -= 1
        }
        guard cursor < scalars.count else { return true }
        if cursor > index, scalars[cursor] == "/" {
            throw fail("** must not end an alternative that a / follows; write the / inside the braces", at: start)
        }
        return false
    }

    /// Just past the `}` that closes the brace around `cursor`; the end where there is none.
    private func endOfBrace(from cursor: Int) -> Int {
        var cursor = cursor
        var inner = 0
        var isInClass = false
        while cursor < scalars.count {
            switch scalars[cursor] {
            case "\\": cursor += 1
            case "]": isInClass = false
            case "[": isInClass = true
            case "{" where !isInClass: inner += 1
            case "}" where !isInClass:
                if inner == 0 { return cursor + 1 }
                inner -= 1
            default: break
            }
            cursor += 1
        }
        return scalars.count
    }

    private mutating func bracketClass() throws(SelectionError) -> CharacterClass {
        let start = index
        index += 1
        let isNegated = index < scalars.count && (scalars[index] == "!" || scalars[index] == "^")
        if isNegated { index += 1 }
        var ranges: [ClosedRange<UInt32>] = []
        while index < scalars.count, scalars[index] != "]" {
            let low = try classScalar(openedAt: start)
            var high = low
            if index + 1 < scalars.count, scalars[index] == "-", scalars[index + 1] != "]" {
                index += 1
                high = try classScalar(openedAt: start)
            }
            guard low <= high else { throw fail("a range in the class runs backwards", at: start) }
            ranges.append(low...high)
        }
        guard index < scalars.count else { throw fail("missing ] for the [ that opens", at: start) }
        guard !ranges.isEmpty else { throw fail("an empty class", at: start) }
        index += 1
        guard !isNegated else { return CharacterClass(ranges: ranges + [47...47], negated: true) }
        return CharacterClass(ranges: ranges.flatMap(GlobParser.withoutSlash))
    }

    private mutating func classScalar(openedAt start: Int) throws(SelectionError) -> UInt32 {
        if scalars[index] == "\\" { index += 1 }
        guard index < scalars.count else { throw fail("missing ] for the [ that opens", at: start) }
        index += 1
        return scalars[index - 1].value
    }

    private static func withoutSlash(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        guard range.contains(47) else { return [range] }
        var parts: [ClosedRange<UInt32>] = []
        if range.lowerBound < 47 { parts.append(range.lowerBound...46) }
        if range.upperBound > 47 { parts.append(48...range.upperBound) }
        return parts
    }

    private func fail(_ what: String, at position: Int? = nil) -> SelectionError {
        SelectionError(.glob, what, at: offsets[min(position ?? index, offsets.count - 1)])
    }
}
