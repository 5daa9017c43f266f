/// A set of semantic versions, written as for Masterminds/semver 3 (Flux, Helm): `>=1.0 <3`, `^1.2`, `~1.2.3`, `1.x`,
/// `1.2 - 1.4`, `!=1.5.0`, comparisons joined by spaces or commas (and) and groups of them by `||` (or).
///
/// - `1.2.x`, `1.2` and `=1.2` are `>=1.2.0 <1.3.0`; `*` is everything.
/// - `~1.2.3` is `>=1.2.3 <1.3.0`; `~1` is `>=1.0.0 <2.0.0`.
/// - `^1.2.3` is `>=1.2.3 <2.0.0`; `^0.2.3` is `>=0.2.3 <0.3.0`; `^0.0.3` is `0.0.3` alone; `^0` is `<1.0.0`.
/// - `>1.2` begins at `1.3.0`, `<=1.2` ends before `1.3.0`; `1.2 - 1.4` is `>=1.2 <=1.4`.
/// - Pre-releases belong to the range only in groups of which one comparison names a pre-release (`>=1.0.0-0 <2`),
///   as since Masterminds/semver 3.4; there they are compared by precedence.
///
/// Departures: `~0.0.0` is `<0.1.0` and `<=*`, `^*` are everything (their special cases say otherwise), and an empty
/// range or group is an error, where theirs means `*`.
public struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    /// The longest source, in UTF-8 bytes.
    public static let maximumSourceBytes = 512

    /// Why a version lies outside of a range.
    public enum Exclusion: Sendable, Hashable {
        /// It is a pre-release, and would belong to the range if that named one.
        case prerelease
        /// Its numbers are outside.
        case outside
    }

    /// The range as written.
    public let source: String
    private let groups: [[Comparison]]

    /// Parses a range. Throws code `.range` with the position of what is malformed.
    public init(_ source: String) throws(SelectionError) {
        guard source.utf8.count <= VersionRange.maximumSourceBytes else {
            throw SelectionError(.range, "the range is longer than \(VersionRange.maximumSourceBytes) bytes")
        }
        var parser = RangeParser(source)
        groups = try parser.parse()
        self.source = source
    }

    /// Whether the version belongs to the range.
    public func contains(_ version: SemanticVersion) -> Bool { exclusion(of: version) == nil }

    /// Why the version does not belong to the range; nil if it does.
    public func exclusion(of version: SemanticVersion) -> Exclusion? {
        var isPrereleaseOfMember = false
        for group in groups where group.allSatisfy({ $0.holds(for: version) }) {
            if !version.isPrerelease || group.contains(where: { $0.version.base.isPrerelease }) { return nil }
            isPrereleaseOfMember = true
        }
        return isPrereleaseOfMember ? .prerelease : .outside
    }

    /// The source.
    public var description: String { source }

    /// Ranges are equal if they are written alike.
    public static func == (left: VersionRange, right: VersionRange) -> Bool { left.source == right.source }

    /// Hashes the source.
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// One comparison of a range.
struct Comparison: Sendable, Hashable {
    enum Operator: Sendable, Hashable {
        case equal
        case notEqual
        case greater
        case less
        case greaterOrEqual
        case lessOrEqual
        case tilde
        case caret
    }

    var comparator: Operator
    var version: PartialVersion

    /// Whether the comparison holds, by precedence alone: whether pre-releases count is the group's affair.
    func holds(for candidate: SemanticVersion) -> Bool {
        let base = version.base
        switch comparator {
        case .equal:
            return version.precision == .patch ? candidate.hasSamePrecedence(as: base) : isCovered(candidate)
        case .notEqual:
            return version.precision == .patch ? !candidate.hasSamePrecedence(as: base) : !isCovered(candidate)
        case .greater:
            // Beyond everything that a missing part stands for: >1.2 begins at 1.3. There is nothing beyond *, but
            // Masterminds reads >* as >0.0.0.
            return candidate.precedence(over: base) > 0 && (!isWild || !sharesGivenNumbers(candidate))
        case .less: return candidate.precedence(over: base) < 0
        case .greaterOrEqual: return candidate.precedence(over: base) >= 0
        case .lessOrEqual:
            return candidate.precedence(over: base) <= 0
                || (version.precision != .patch && sharesGivenNumbers(candidate))
        case .tilde: return isCovered(candidate)
        case .caret: return candidate.precedence(over: base) >= 0 && isCompatible(candidate)
        }
    }

    /// Whether some but not all numbers are given.
    private var isWild: Bool { version.precision == .major || version.precision == .minor }

    /// At least the base, and equal in the given numbers but the patch.
    private func isCovered(_ candidate: SemanticVersion) -> Bool {
        candidate.precedence(over: version.base) >= 0 && sharesGivenNumbers(candidate)
    }

    /// Whether major and minor are those of the version, as far as they are given.
    private func sharesGivenNumbers(_ candidate: SemanticVersion) -> Bool {
        switch version.precision {
        case .none: true
        case .major: candidate.major == version.base.major
        case .minor, .patch: candidate.major == version.base.major && candidate.minor == version.base.minor
        }
    }

    /// Whether the leftmost number that is given and not zero is the same; where all are zero, the last given one.
    private func isCompatible(_ candidate: SemanticVersion) -> Bool {
        let base = version.base
        switch version.precision {
        case .none: return true
        case .major: return candidate.major == base.major
        case .minor: return candidate.major == base.major && (base.major > 0 || candidate.minor == base.minor)
        case .patch:
            guard candidate.major == base.major else { return false }
            guard base.major == 0 else { return true }
            guard candidate.minor == base.minor else { return false }
            return base.minor > 0 || candidate.patch == base.patch
        }
    }
}
