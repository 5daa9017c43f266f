/// By what candidates are ordered, and which of them count at all.
public enum SelectionPolicy: Sendable, Hashable {
    /// Which end of an order is the newest.
    public enum Order: Sendable, Hashable {
        /// Values grow with time: the greatest is the newest. The default of the API.
        case ascending
        /// Values shrink with time: the smallest is the newest.
        case descending
    }

    /// Semantic versions inside a range, by precedence.
    case semver(VersionRange)
    /// Decimal numbers of any length, by value.
    case numerical(Order)
    /// Any text, by its UTF-8 bytes, as Flux and Go order strings.
    case alphabetical(Order)
    /// By the time the source gives, else by the time of the build; candidates without either do not count.
    case newest
    /// Exactly this name; what it points at may change.
    case tag(String)
}

/// Where a candidate stands in the order of a policy.
enum SelectionRank: Sendable, Hashable {
    case version(SemanticVersion)
    case number(DecimalNumber, SelectionPolicy.Order)
    case text(String, SelectionPolicy.Order)
    case time(UnixMilliseconds)
    case only

    /// Positive if `self` is the newer one, negative if `other` is, 0 if the policy sees no difference. Ranks of
    /// different policies do not meet.
    func order(over other: SelectionRank) -> Int {
        switch (self, other) {
        case (.version(let mine), .version(let theirs)):
            return mine.precedence(over: theirs)
        case (.number(let mine, let order), .number(let theirs, _)):
            return mine == theirs ? 0 : (mine < theirs) == (order == .ascending) ? -1 : 1
        case (.text(let mine, let order), .text(let theirs, _)):
            if mine == theirs { return 0 }
            return mine.utf8.lexicographicallyPrecedes(theirs.utf8) == (order == .ascending) ? -1 : 1
        case (.time(let mine), .time(let theirs)):
            return mine == theirs ? 0 : mine < theirs ? -1 : 1
        default: return 0
        }
    }
}

/// What a rule comes to: something of the candidate, or why the candidate does not count.
enum Verdict<Value> {
    case counts(Value)
    case rejected(Rejection)
}

extension SelectionPolicy {
    /// The rank of a value, or why it has none. `value` is what the filter extracted from `name`.
    func rank(name: String, value: String, time: UnixMilliseconds?) -> Verdict<SelectionRank> {
        switch self {
        case .semver(let range):
            guard let version = SemanticVersion(value) else { return .rejected(.notAVersion(value: value)) }
            switch range.exclusion(of: version) {
            case .prerelease: return .rejected(.preRelease(range: range.source))
            case .outside: return .rejected(.outsideRange(range.source))
            case nil: return .counts(.version(version))
            }
        case .numerical(let order):
            guard let number = DecimalNumber(value) else { return .rejected(.notANumber(value: value)) }
            return .counts(.number(number, order))
        case .alphabetical(let order): return .counts(.text(value, order))
        case .newest:
            guard let time else { return .rejected(.timeUnknown) }
            return .counts(.time(time))
        case .tag(let tag): return name == tag ? .counts(.only) : .rejected(.notTheTag(tag))
        }
    }
}
