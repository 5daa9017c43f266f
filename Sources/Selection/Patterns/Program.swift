/// One step of a compiled pattern. Jumps are relative to the instruction itself, so that a run of instructions can be
/// copied for a counted repetition without being rewritten.
enum Instruction: Sendable, Hashable {
    /// Consumes exactly this scalar.
    case scalar(UInt32)
    /// Consumes any scalar.
    case anyScalar
    /// Consumes any scalar but a line feed.
    case anyButLineFeed
    /// Consumes a scalar of the class with this index in `Program.classes`.
    case oneOf(Int32)
    /// Goes on at both offsets, the first one preferred.
    case split(Int32, Int32)
    /// Goes on at the offset.
    case jump(Int32)
    /// Remembers the position in a slot: 2 n is the start of group n, 2 n + 1 its end.
    case save(Int32)
    /// Goes on if the condition holds between the scalars around the position.
    case assert(Assertion)
    /// The pattern has matched.
    case match
}

/// A condition on a position that consumes nothing.
enum Assertion: Sendable, Hashable {
    case textStart
    case textEnd
    case lineStart
    case lineEnd
    case wordBoundary
    case notWordBoundary
}

/// A compiled pattern: what `PikeMachine` runs.
struct Program: Sendable, Hashable {
    /// Upper bound on `code.count`, so that a match costs at most that many steps per scalar of text.
    static let maximumInstructions = 10_000

    /// The instructions; the last one is `.match` and no jump leaves the array.
    let code: [Instruction]
    /// The character classes that `.oneOf` names.
    let classes: [CharacterClass]
    /// How many slots `.save` uses: twice the number of groups, the whole match included.
    let slots: Int

    /// Whether a match can only start at the start of the text, so that a search may stop early.
    var startsAtTextStart: Bool {
        for instruction in code {
            switch instruction {
            case .save: continue
            case .assert(.textStart): return true
            default: return false
            }
        }
        return false
    }
}
