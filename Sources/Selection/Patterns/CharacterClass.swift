/// A set of scalars, as `[...]`, `\d`, `\pL` or a letter that ignores case describe it.
///
/// ASCII, which is nearly all of what is matched, is a bitmap; other scalars are tested against the parts. Unicode
/// categories are asked of the standard library when a scalar is met: no table is built, and compiling is cheap.
struct CharacterClass: Sendable, Hashable {
    /// Scalars of a named class, or all others.
    struct Group: Sendable, Hashable {
        var ranges: [ClosedRange<UInt32>] = []
        var categories: CategorySet = []
        var negated = false
    }

    private(set) var ranges: [ClosedRange<UInt32>] = []
    private(set) var groups: [Group] = []
    private let negated: Bool
    private let ignoresCase: Bool
    private var lowBits: UInt64 = 0
    private var highBits: UInt64 = 0

    /// The union of `ranges` and `groups`, or everything outside of it. With `ignoresCase` a scalar also belongs to
    /// a part if an equivalent in another case does; negation comes after that (RE2 CharClassBuilder).
    init(ranges: [ClosedRange<UInt32>] = [], groups: [Group] = [], negated: Bool = false, ignoresCase: Bool = false) {
        self.ranges = ranges
        self.groups = groups
        self.negated = negated
        self.ignoresCase = ignoresCase
        for value in UInt32(0)..<128 where contains(slowly: value) {
            if value < 64 { lowBits |= 1 << UInt64(value) } else { highBits |= 1 << UInt64(value - 64) }
        }
    }

    /// The letter and its equivalents in other cases.
    init(ignoringCaseOf value: UInt32) {
        self.init(ranges: [value...value], ignoresCase: true)
    }

    /// Whether the scalar belongs to the set.
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return lowBits & (1 << UInt64(value)) != 0 }
        if value < 128 { return highBits & (1 << UInt64(value - 64)) != 0 }
        return contains(slowly: value)
    }

    private func contains(slowly value: UInt32) -> Bool {
        // The orbit of a scalar has at most five members; without folding it is the scalar alone.
        let orbit = ignoresCase ? CaseOrbit.members(of: value) : [value]
        let found =
            ranges.contains { range in orbit.contains(where: range.contains) }
            || groups.contains { group in
                let isInside = orbit.contains { member in
                    group.ranges.contains { $0.contains(member) } || group.categories.contains(scalar: member)
                }
                return isInside != group.negated
            }
        return found != negated
    }
}
