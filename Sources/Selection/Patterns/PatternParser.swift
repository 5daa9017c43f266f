/// Compiles the text of a regular expression in RE2's grammar, in one pass and without recursion: every construct
/// becomes a `Fragment` at once, and open groups lie on a stack.
///
/// Source of the rules: google/re2 `parse.cc`, with the flags of its default options (`LikePerl`).
struct PatternParser {
    /// Upper bound on open groups at any point.
    static let maximumDepth = 100
    /// Upper bound on capturing groups: the slots of every thread are copied.
    static let maximumGroups = 64
    /// Upper bound on a count, and on the product of nested counts (RE2 `kMaxRepeat`).
    static let maximumRepetitions = 1000

    /// What `(?flags)` sets.
    struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesLineFeed = false
        var isUngreedy = false
    }

    /// A group that is open.
    private struct Frame {
        /// The alternatives before the current one.
        var branches: [Fragment] = []
        /// The parts of the current alternative.
        var parts: [Fragment] = []
        /// The number of the group, where it captures.
        var group: Int?
        /// The flags to return to.
        var outerFlags: Flags
        /// Where its parenthesis is.
        var position: Int
    }

    let bytes: [UInt8]
    var index = 0
    var flags = Flags()
    private(set) var classes: [CharacterClass] = []
    private(set) var groupNames: [String?] = [nil]
    private var frames: [Frame]
    private var instructions = 0
    /// Where the repetition operator that was just read starts: another one may not follow.
    private var operatorStart: Int?

    init(_ source: String) {
        bytes = Array(source.utf8)
        frames = [Frame(outerFlags: Flags(), position: 0)]
    }

    /// Compiles the whole text.
    mutating func parse() throws(SelectionError) -> Program {
        while index < bytes.count {
            let start = index
            var newOperator: Int?
            switch bytes[index] {
            case UInt8(ascii: "("): try openGroup()
            case UInt8(ascii: ")"): try closeGroup()
            case UInt8(ascii: "|"):
                index += 1
                let branch = Fragment.sequence(frames[frames.count - 1].parts)
                frames[frames.count - 1].branches.append(branch)
                frames[frames.count - 1].parts = []
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
                if let (minimum, maximum) = try repetition() {
                    try apply(minimum, maximum, operatorAt: start)
                    newOperator = start
                } else {
                    index += 1
                    try push(Fragment(.scalar(UInt32(UInt8(ascii: "{")))))
                }
            case UInt8(ascii: "^"):
                index += 1
                try push(.assert(flags.isMultiline ? .lineStart : .textStart))
            case UInt8(ascii: "$"):
                index += 1
                try push(.assert(flags.isMultiline ? .lineEnd : .textEnd))
            case UInt8(ascii: "."):
                index += 1
                try push(Fragment(flags.dotMatchesLineFeed ? .anyScalar : .anyButLineFeed))
            case UInt8(ascii: "["):
                try push(try bracketClass())
            case UInt8(ascii: "\\"):
                try escapeOutsideClass()
            default:
                try push(literal: nextScalar())
            }
            operatorStart = newOperator
        }
        guard frames.count == 1 else {
            throw fail("missing ) for the group that opens", at: frames[frames.count - 1].position)
        }
        let body = content(of: frames[0])
        let code = [.save(0)] + body.code + [.save(1), Instruction.match]
        return Program(code: code, classes: classes, slots: groupNames.count * 2)
    }

    // MARK: Building

    /// Appends a part to the current alternative.
    mutating func push(_ fragment: Fragment) throws(SelectionError) {
        instructions += fragment.code.count
        try checkSize(instructions, at: index)
        frames[frames.count - 1].parts.append(fragment)
    }

    mutating func push(_ instruction: Instruction) throws(SelectionError) {
        try push(Fragment(instruction, canBeEmpty: true))
    }

    mutating func push(_ characters: CharacterClass) throws(SelectionError) {
        classes.append(characters)
        try push(Fragment(.oneOf(Int32(classes.count - 1))))
    }

    mutating func push(literal value: UInt32) throws(SelectionError) {
        if flags.ignoresCase, CaseOrbit.members(of: value).count > 1 {
            try push(CharacterClass(ignoringCaseOf: value))
        } else {
            try push(Fragment(.scalar(value)))
        }
    }

    private func content(of frame: Frame) -> Fragment {
        .alternatives(frame.branches + [.sequence(frame.parts)])
    }

    private func checkSize(_ size: Int, at position: Int) throws(SelectionError) {
        // Room for what groups and alternatives add around the parts, which is at most three for each byte.
        guard size <= Program.maximumInstructions - 3 * Pattern.maximumSourceBytes else {
            throw fail("the pattern is too large once its repetitions are written out", at: position)
        }
    }

    // MARK: Groups

    /// Opens a group; `name` is nil for one without a name.
    mutating func open(capturing: Bool, name: String? = nil, at position: Int) throws(SelectionError) {
        guard frames.count <= PatternParser.maximumDepth else {
            throw fail("groups nest deeper than \(PatternParser.maximumDepth)", at: position)
        }
        var frame = Frame(outerFlags: flags, position: position)
        if capturing {
            guard groupNames.count <= PatternParser.maximumGroups else {
                throw fail("more than \(PatternParser.maximumGroups) capturing groups", at: position)
            }
            if let name, groupNames.contains(name) {
                throw fail("two groups are named \(name.quoted)", at: position)
            }
            frame.group = groupNames.count
            groupNames.append(name)
        }
        frames.append(frame)
    }

    private mutating func closeGroup() throws(SelectionError) {
        guard frames.count > 1, let frame = frames.popLast() else { throw fail("unexpected )", at: index) }
        index += 1
        flags = frame.outerFlags
        var fragment = content(of: frame)
        if let group = frame.group {
            fragment.code = [.save(Int32(group * 2))] + fragment.code + [.save(Int32(group * 2 + 1))]
        }
        frames[frames.count - 1].parts.append(fragment)
    }

    // MARK: Repetitions

    /// Reads `*`, `+`, `?` or `{n}`, `{n,}`, `{n,m}` at the index; nil where a brace is none of these and therefore
    /// an ordinary character.
    private mutating func repetition() throws(SelectionError) -> (minimum: Int, maximum: Int?)? {
        let start = index
        switch bytes[index] {
        case UInt8(ascii: "*"):
            index += 1
            return (0, nil)
        case UInt8(ascii: "+"):
            index += 1
            return (1, nil)
        case UInt8(ascii: "?"):
            index += 1
            return (0, 1)
        default: break
        }
        index += 1
        var maximum: Int?
        guard let minimum = count() else {
            index = start
            return nil
        }
        maximum = minimum
        if peek() == UInt8(ascii: ",") {
            index += 1
            maximum = peek() == UInt8(ascii: "}") ? nil : count()
            if maximum == nil, peek() != UInt8(ascii: "}") {
                index = start
                return nil
            }
        }
        guard peek() == UInt8(ascii: "}") else {
            index = start
            return nil
        }
        index += 1
        guard max(minimum, maximum ?? 0) <= PatternParser.maximumRepetitions else {
            throw fail("a repetition of more than \(PatternParser.maximumRepetitions)", at: start)
        }
        if let maximum, maximum < minimum { throw fail("a repetition whose maximum is below its minimum", at: start) }
        return (minimum, maximum)
    }

    /// A number without leading zeros; saturates just above what is allowed.
    private mutating func count() -> Int? {
        let start = index
        var value = 0
        while let byte = peek(), (48...57).contains(byte) {
            value = min(value * 10 + Int(byte - 48), PatternParser.maximumRepetitions + 1)
            index += 1
        }
        let hasLeadingZero = index - start > 1 && bytes[start] == UInt8(ascii: "0")
        return index == start || hasLeadingZero ? nil : value
    }

    private mutating func apply(_ minimum: Int, _ maximum: Int?, operatorAt start: Int) throws(SelectionError) {
        var isGreedy = !flags.isUngreedy
        if peek() == UInt8(ascii: "?") {
            index += 1
            isGreedy.toggle()
        }
        if operatorStart != nil {
            let what =
                bytes[start] == UInt8(ascii: "+")
                ? "possessive quantifiers are not supported" : "a repetition of a repetition; use a group"
            throw fail(what, at: start)
        }
        guard let fragment = frames[frames.count - 1].parts.popLast() else {
            throw fail("nothing to repeat", at: start)
        }
        let factor = max(minimum, maximum ?? 0) >= 2 ? max(1, maximum ?? minimum) : 1
        guard fragment.repetitions * factor <= PatternParser.maximumRepetitions else {
            throw fail("nested repetitions of more than \(PatternParser.maximumRepetitions)", at: start)
        }
        let (total, overflow) = instructions.addingReportingOverflow(fragment.sizeRepeated(minimum, maximum))
        try checkSize(overflow ? .max : total, at: start)
        let repeated: Fragment
        switch (minimum, maximum) {
        case (0, nil): repeated = fragment.zeroOrMore(greedy: isGreedy)
        case (1, nil): repeated = fragment.oneOrMore(greedy: isGreedy)
        case (0, 1): repeated = fragment.optional(greedy: isGreedy)
        default: repeated = fragment.repeated(minimum, maximum, greedy: isGreedy)
        }
        try push(repeated)
    }

    // MARK: Reading

    /// The byte at an offset from the index, nil past the end.
    func peek(_ offset: Int = 0) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    /// Whether the text goes on with `prefix`.
    func isNext(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        return prefix.withUTF8Buffer { bytes[index..<index + count].elementsEqual($0) }
    }

    /// Reads one scalar; the source is a String, so its UTF-8 is well formed.
    mutating func nextScalar() -> UInt32 {
        guard let first = peek() else { return 0 }
        let width = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        let end = min(index + width, bytes.count)
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        index = end
        return text.unicodeScalars.first?.value ?? 0
    }

    /// The text from `start` up to the index, for a message.
    func text(from start: Int) -> String { String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self) }

    func fail(_ what: String, at position: Int) -> SelectionError { SelectionError(.pattern, what, at: position) }
}
