/// A regular expression in RE2's grammar that is matched in time linear in the text.
///
/// Supported is what RE2 supports by default: `(?P<name>...)` and `(?<name>...)`, the flags `i m s U`, lazy
/// quantifiers, counted repetitions up to 1000 (nested ones multiply), `\d \w \s \b \B \A \z \Q...\E`, POSIX classes,
/// and `\p{..}` for general categories. `^` and `$` are the ends of the text unless `(?m)` is set, and a match is the
/// leftmost one a backtracking matcher would find first. The classes `\d \w \s \b` and POSIX names are ASCII.
///
/// Refused, with the construct's name and position: look-around, back-references, possessive quantifiers, atomic and
/// recursive groups, and, where RE2 is more lenient, `\C`, scripts such as `\p{Greek}`, two groups of one name and
/// group names beyond ASCII. Bounds: see `maximumSourceBytes`; 10,000 instructions, 64 capturing groups, groups
/// nested 100 deep.
public struct Pattern: Sendable, Hashable, CustomStringConvertible {
    /// The longest source, in UTF-8 bytes.
    public static let maximumSourceBytes = 512

    /// The expression as written.
    public let source: String
    /// The name of each group by its number; nil for a group without one and for number 0, the whole match.
    public let groupNames: [String?]
    let program: Program

    /// Compiles an expression. Throws code `.pattern` with the position of what is malformed or not supported.
    public init(_ source: String) throws(PatternError) {
        guard source.utf8.count <= Pattern.maximumSourceBytes else {
            throw SelectionError(
                .pattern,
                "the pattern is longer than \(Pattern.maximumSourceBytes) bytes",
                at: Pattern.maximumSourceBytes
            )
        }
        var parser = PatternParser(source)
        program = try parser.parse()
        groupNames = parser.groupNames
        self.source = source
    }

    /// Whether the pattern matches anywhere in `text`. Steps: at most the size of the program for each scalar.
    public func matches(_ text: String) -> Bool {
        var machine = PikeMachine(program)
        return machine.matches(text)
    }

    /// The leftmost match in `text`, nil if there is none.
    public func firstMatch(in text: String) -> Match? {
        var steps = 0
        return firstMatch(in: text, countingSteps: &steps)
    }

    /// As `firstMatch(in:)`, adding to `steps` how many instructions were looked at.
    package func firstMatch(in text: String, countingSteps steps: inout Int) -> Match? {
        var machine = PikeMachine(program)
        let slots = machine.firstMatch(in: text)
        steps += machine.steps
        return slots.map { Match(text: text, slots: $0, groupNames: groupNames) }
    }

    /// The source.
    public var description: String { source }

    /// Patterns are equal if they are written alike.
    public static func == (left: Pattern, right: Pattern) -> Bool { left.source == right.source }

    /// Hashes the source.
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension Pattern {
    /// Where a pattern matched, and what its groups took.
    public struct Match: Sendable, Hashable {
        /// The text that was searched.
        public let text: String
        let slots: [Int32]
        let groupNames: [String?]

        /// The UTF-8 offsets of a group, 0 being the whole match; nil where the group took no part in the match or
        /// does not exist.
        public func utf8Range(ofGroup number: Int) -> Range<Int>? {
            guard number >= 0, number * 2 + 1 < slots.count else { return nil }
            let start = Int(slots[number * 2])
            let end = Int(slots[number * 2 + 1])
            return start >= 0 && end >= start ? start..<end : nil
        }

        /// The range of a group in `text`; nil as for `utf8Range(ofGroup:)`.
        public func range(ofGroup number: Int) -> Range<String.Index>? {
            utf8Range(ofGroup: number).map { range in
                let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
                return start..<text.utf8.index(start, offsetBy: range.count)
            }
        }

        /// What a group took; nil as for `utf8Range(ofGroup:)`.
        public subscript(number: Int) -> Substring? { range(ofGroup: number).map { text[$0] } }

        /// What the group of that name took; nil where there is none or it took no part.
        public subscript(name: String) -> Substring? {
            groupNames.firstIndex(of: name).flatMap { self[$0] }
        }
    }
}
