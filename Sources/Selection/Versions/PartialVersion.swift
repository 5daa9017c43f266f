/// A version with parts missing or wild, as ranges have them: `1`, `1.2`, `1.2.x`, `*`.
struct PartialVersion: Sendable, Hashable {
    /// How many of the three numbers are given. Whatever follows a wildcard counts as missing.
    enum Precision: Sendable, Hashable { case none, major, minor, patch }

    /// The version with zeros for what is missing.
    var base: SemanticVersion
    var precision: Precision

    /// Reads a version at the start of `bytes` and says where it ends; nil where there is none. `wildcards` allows
    /// `x`, `X` and `*` for a number.
    static func read(_ bytes: ArraySlice<UInt8>, wildcards: Bool) -> (PartialVersion, end: Int)? {
        var index = bytes.startIndex
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "v") { index += 1 }
        var numbers: [UInt64] = []
        var parts = 0
        var isWild = false
        while parts < 3 {
            if parts > 0 {
                guard index < bytes.endIndex, bytes[index] == UInt8(ascii: ".") else { break }
                index += 1
            }
            if wildcards, index < bytes.endIndex, isWildcard(bytes[index]) {
                isWild = true
                index += 1
            } else {
                guard let number = number(in: bytes, at: &index) else { return nil }
                if !isWild { numbers.append(number) }
            }
            parts += 1
        }
        let precision: Precision = [.none, .major, .minor, .patch][numbers.count]
        numbers += [0, 0, 0]
        var version = SemanticVersion(numbers[0], numbers[1], numbers[2])
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "-") {
            index += 1
            for identifier in identifiers(in: bytes, at: &index) {
                let isNumber = identifier.utf8.allSatisfy { (48...57).contains($0) }
                // Section 9: numeric identifiers have no leading zeros, and none is empty.
                guard !identifier.isEmpty, !isNumber || identifier == "0" || !identifier.hasPrefix("0") else {
                    return nil
                }
                version.prerelease.append(isNumber ? .numeric(identifier) : .alphanumeric(identifier))
            }
        }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "+") {
            index += 1
            let build = identifiers(in: bytes, at: &index)
            guard build.allSatisfy({ !$0.isEmpty }) else { return nil }
            version.build = build.joined(separator: ".")
        }
        return (PartialVersion(base: version, precision: precision), index)
    }

    private static func isWildcard(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "x") || byte == UInt8(ascii: "X") || byte == UInt8(ascii: "*")
    }

    private static func number(in bytes: ArraySlice<UInt8>, at index: inout Int) -> UInt64? {
        let start = index
        var value: UInt64 = 0
        while index < bytes.endIndex, (48...57).contains(bytes[index]) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[index] - 48))
            if overflow || carry { return nil }
            value = sum
            index += 1
        }
        return index == start ? nil : value
    }

    /// At least one identifier, possibly empty.
    private static func identifiers(in bytes: ArraySlice<UInt8>, at index: inout Int) -> [String] {
        var found: [String] = []
        var start = index
        while true {
            let byte = index < bytes.endIndex ? bytes[index] : 0
            let isWord =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "-")
            if isWord {
                index += 1
                continue
            }
            found.append(String(decoding: bytes[start..<index], as: UTF8.self))
            guard byte == UInt8(ascii: ".") else { return found }
            index += 1
            start = index
        }
    }
}
