/// A run of instructions that is entered at its start and left past its end: what each construct of a pattern compiles
/// to, and what the constructs around it are built from. Needs no tree, therefore no recursion.
struct Fragment {
    /// The instructions, with relative jumps that stay inside or point just past the end.
    var code: [Instruction]
    /// Whether it can match without consuming anything.
    var canBeEmpty: Bool
    /// The largest product of nested counted repetitions in it.
    var repetitions = 1

    /// Matches the empty text.
    static let empty = Fragment(code: [], canBeEmpty: true)

    /// A single instruction.
    init(_ instruction: Instruction, canBeEmpty: Bool = false) {
        self.init(code: [instruction], canBeEmpty: canBeEmpty)
    }

    init(code: [Instruction], canBeEmpty: Bool, repetitions: Int = 1) {
        self.code = code
        self.canBeEmpty = canBeEmpty
        self.repetitions = repetitions
    }

    /// One after the other.
    static func sequence(_ parts: [Fragment]) -> Fragment {
        var whole = Fragment.empty
        for part in parts {
            whole.code += part.code
            whole.canBeEmpty = whole.canBeEmpty && part.canBeEmpty
            whole.repetitions = max(whole.repetitions, part.repetitions)
        }
        return whole
    }

    /// Any one of them, the earlier preferred.
    static func alternatives(_ branches: [Fragment]) -> Fragment {
        guard let last = branches.last else { return .empty }
        // Built once from the front, because nesting pair by pair copies the tail again for each branch.
        let size = branches.reduce(0) { $0 + $1.code.count + 2 } - 2
        var whole = Fragment(code: [], canBeEmpty: last.canBeEmpty, repetitions: last.repetitions)
        whole.code.reserveCapacity(size)
        for branch in branches.dropLast() {
            whole.code.append(.split(1, Int32(branch.code.count + 2)))
            whole.code += branch.code
            whole.code.append(.jump(Int32(size - whole.code.count)))
            whole.canBeEmpty = whole.canBeEmpty || branch.canBeEmpty
            whole.repetitions = max(whole.repetitions, branch.repetitions)
        }
        whole.code += last.code
        return whole
    }

    /// `x?`
    func optional(greedy: Bool) -> Fragment {
        let past = Int32(code.count + 1)
        let choice: Instruction = greedy ? .split(1, past) : .split(past, 1)
        return Fragment(code: [choice] + code, canBeEmpty: true, repetitions: repetitions)
    }

    /// `x+`
    func oneOrMore(greedy: Bool) -> Fragment {
        let back = Int32(-code.count)
        let choice: Instruction = greedy ? .split(back, 1) : .split(1, back)
        return Fragment(code: code + [choice], canBeEmpty: canBeEmpty, repetitions: repetitions)
    }

    /// `x*`
    func zeroOrMore(greedy: Bool) -> Fragment {
        // A body that can be empty would come back to the choice without progress and lose its preference there:
        // (x+)? has the same language and keeps leftmost-first order (RE2 compiler.cc: Star of a nullable fragment).
        guard !canBeEmpty else { return oneOrMore(greedy: greedy).optional(greedy: greedy) }
        let past = Int32(code.count + 2)
        let choice: Instruction = greedy ? .split(1, past) : .split(past, 1)
        return Fragment(
            code: [choice] + code + [.jump(Int32(-code.count - 1))],
            canBeEmpty: true,
            repetitions: repetitions
        )
    }

    /// `x{minimum,maximum}`, without an upper bound where `maximum` is nil. The caller has bounded the size.
    func repeated(_ minimum: Int, _ maximum: Int?, greedy: Bool) -> Fragment {
        var parts: [Fragment]
        if let maximum {
            // n copies, then the rest nested, x(x(x)?)?, so that giving up one gives up all that follow.
            parts = Array(repeating: self, count: minimum)
            let rest = maximum - minimum
            if rest > 0 {
                var tail: [Instruction] = []
                for copy in 0..<rest {
                    let past = Int32((rest - copy) * (code.count + 1))
                    tail.append(greedy ? .split(1, past) : .split(past, 1))
                    tail += code
                }
                parts.append(Fragment(code: tail, canBeEmpty: true))
            }
        } else if minimum == 0 {
            parts = [zeroOrMore(greedy: greedy)]
        } else {
            parts = Array(repeating: self, count: minimum - 1) + [oneOrMore(greedy: greedy)]
        }
        var whole = Fragment.sequence(parts)
        whole.repetitions = repetitions * max(1, maximum ?? minimum)
        return whole
    }

    /// How many instructions `repeated` would make; saturates.
    func sizeRepeated(_ minimum: Int, _ maximum: Int?) -> Int {
        let (size, overflow) = (code.count + 2).multipliedReportingOverflow(by: max(1, maximum ?? minimum))
        return overflow ? .max : size
    }
}
