/// A version by Semantic Versioning 2.0.0, read as leniently as Masterminds/semver's `NewVersion`, which Flux and
/// Helm use: a leading `v` is allowed, minor and patch may be missing (0), and leading zeros in the numbers are
/// ignored, so that `2024.01.15` is a version.
///
/// Ordering by `<` is precedence (section 11 of the specification) and then, so that it is total, build metadata by
/// bytes, which has no precedence: use `hasSamePrecedence(as:)` where that matters.
public struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The longest text, in bytes, that is read as a version.
    public static let maximumBytes = 256

    /// One dot-separated part of a pre-release.
    public enum Identifier: Sendable, Hashable {
        /// Digits without leading zeros, of any length.
        case numeric(String)
        /// Letters, digits and dashes, not all digits.
        case alphanumeric(String)
    }

    /// The first number.
    public var major: UInt64
    /// The second number.
    public var minor: UInt64
    /// The third number.
    public var patch: UInt64
    /// The parts after `-`; empty for a release.
    public var prerelease: [Identifier]
    /// The text after `+`; empty where there is none.
    public var build: String

    /// A release of known numbers.
    public init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) {
        self.major = major
        self.minor = minor
        self.patch = patch
        prerelease = []
        build = ""
    }

    /// Parses a version; nil where the text is none, is longer than 256 bytes, or has a number beyond 64 bits.
    public init?(_ text: String) {
        guard text.utf8.count <= SemanticVersion.maximumBytes else { return nil }
        let bytes = Array(text.utf8)
        guard let (version, end) = PartialVersion.read(bytes[...], wildcards: false), end == bytes.count else {
            return nil
        }
        self = version.base
    }

    /// Whether the version comes before the release of its numbers.
    public var isPrerelease: Bool { !prerelease.isEmpty }

    /// Whether neither version takes precedence: they differ in nothing but build metadata.
    public func hasSamePrecedence(as other: SemanticVersion) -> Bool { precedence(over: other) == 0 }

    /// Negative if `self` comes before `other`, positive if after, 0 if neither.
    public func precedence(over other: SemanticVersion) -> Int {
        if major != other.major { return major < other.major ? -1 : 1 }
        if minor != other.minor { return minor < other.minor ? -1 : 1 }
        if patch != other.patch { return patch < other.patch ? -1 : 1 }
        if isPrerelease != other.isPrerelease { return isPrerelease ? -1 : 1 }
        for (mine, theirs) in zip(prerelease, other.prerelease) {
            let order = mine.order(with: theirs)
            if order != 0 { return order }
        }
        return prerelease.count - other.prerelease.count
    }

    /// Orders by precedence, then by the bytes of the build metadata.
    public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let order = left.precedence(over: right)
        return order == 0 ? left.build.utf8.lexicographicallyPrecedes(right.build.utf8) : order < 0
    }

    /// The canonical form: three numbers, no `v`.
    public var description: String {
        var text = "\(major).\(minor).\(patch)"
        if isPrerelease { text += "-" + prerelease.map(\.text).joined(separator: ".") }
        if !build.isEmpty { text += "+" + build }
        return text
    }
}

extension SemanticVersion.Identifier {
    /// The identifier as it is written.
    public var text: String {
        switch self {
        case .numeric(let text), .alphanumeric(let text): text
        }
    }

    /// Numbers by value and before all else, the rest by ASCII (section 11.4).
    fileprivate func order(with other: SemanticVersion.Identifier) -> Int {
        switch (self, other) {
        case (.numeric(let mine), .numeric(let theirs)):
            // Without leading zeros the longer number is the greater one: no overflow at any length.
            if mine.utf8.count != theirs.utf8.count { return mine.utf8.count - theirs.utf8.count }
            return mine == theirs ? 0 : mine.utf8.lexicographicallyPrecedes(theirs.utf8) ? -1 : 1
        case (.numeric, .alphanumeric): return -1
        case (.alphanumeric, .numeric): return 1
        case (.alphanumeric(let mine), .alphanumeric(let theirs)):
            return mine == theirs ? 0 : mine.utf8.lexicographicallyPrecedes(theirs.utf8) ? -1 : 1
        }
    }
}
