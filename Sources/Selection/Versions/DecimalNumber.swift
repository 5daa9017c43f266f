/// A decimal number of any length, compared exactly.
///
/// The grammar is an optional sign, digits, and optionally a point and more digits: build numbers, dates, `-3`,
/// `1.25`. No exponents, no hexadecimal and no `inf`, so that a commit such as `12e4567` is not taken for a number.
/// Leading zeros, trailing zeros of the fraction, and the sign of zero make no difference.
public struct DecimalNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let isNegative: Bool
    /// Digits without leading zeros.
    private let whole: ArraySlice<UInt8>
    /// Digits without trailing zeros.
    private let fraction: ArraySlice<UInt8>

    /// Parses a number; nil where the text is none.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        var isNegative = false
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        let whole = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix { (48...57).contains($0) }
            rest = rest.dropFirst(fraction.count)
            if fraction.isEmpty { return nil }
        }
        guard !whole.isEmpty, rest.isEmpty else { return nil }
        while fraction.last == 48 { fraction = fraction.dropLast() }
        self.whole = whole.drop { $0 == 48 }
        self.fraction = fraction
        self.isNegative = isNegative && !(self.whole.isEmpty && fraction.isEmpty)
    }

    /// Orders by value.
    public static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmallerInMagnitude(than: left) : left.isSmallerInMagnitude(than: right)
    }

    private func isSmallerInMagnitude(than other: DecimalNumber) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }

    /// The number without superfluous zeros.
    public var description: String {
        let digits = whole.isEmpty ? "0" : String(decoding: whole, as: UTF8.self)
        let tail = fraction.isEmpty ? "" : "." + String(decoding: fraction, as: UTF8.self)
        return (isNegative ? "-" : "") + digits + tail
    }
}
