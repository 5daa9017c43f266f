/// Reads the text of a version range.
struct RangeParser {
    /// Upper bound on comparisons in a range.
    static let maximumComparisons = 64

    private let bytes: [UInt8]
    private var index = 0

    init(_ source: String) { bytes = Array(source.utf8) }

    mutating func parse() throws(SelectionError) -> [[Comparison]] {
        var groups: [[Comparison]] = [[]]
        var count = 0
        /// Whether a comparison may start here: at the start of a group, after a space or after a comma.
        var isSeparated = true
        var comma: Int?
        while true {
            let hadSpace = skipSpaces()
            isSeparated = isSeparated || hadSpace
            if index == bytes.count || isNext("||") {
                guard let last = groups.last, !last.isEmpty else {
                    throw fail("an empty range; * is any version", at: index)
                }
                if let comma { throw fail("a comma without a comparison after it", at: comma) }
                if index == bytes.count { return groups }
                index += 2
                groups.append([])
                isSeparated = true
                continue
            }
            if bytes[index] == UInt8(ascii: ",") {
                guard comma == nil, groups.last?.isEmpty == false else {
                    throw fail("a comma without a comparison before it", at: index)
                }
                comma = index
                index += 1
                isSeparated = true
                continue
            }
            guard isSeparated else { throw fail("comparisons must be separated by a space or a comma", at: index) }
            count += 1
            guard count <= RangeParser.maximumComparisons else {
                throw fail("more than \(RangeParser.maximumComparisons) comparisons", at: index)
            }
            groups[groups.count - 1] += try comparison()
            comma = nil
            isSeparated = false
        }
    }

    /// One comparison, or the two that a hyphen range stands for.
    private mutating func comparison() throws(SelectionError) -> [Comparison] {
        let start = index
        let comparator = readOperator()
        _ = skipSpaces()
        let version = try partialVersion()
        let end = index
        let hasSpace = skipSpaces()
        let isHyphen = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if hasSpace, isHyphen, index + 1 < bytes.count, isSpace(bytes[index + 1]) {
            guard comparator == nil else { throw fail("an operator before a hyphen range", at: start) }
            index += 1
            _ = skipSpaces()
            let upper = try partialVersion()
            return [
                Comparison(comparator: .greaterOrEqual, version: version),
                Comparison(comparator: .lessOrEqual, version: upper),
            ]
        }
        index = end
        return [Comparison(comparator: comparator ?? .equal, version: version)]
    }

    private mutating func readOperator() -> Comparison.Operator? {
        let operators: [(StaticString, Comparison.Operator)] = [
            ("!=", .notEqual), (">=", .greaterOrEqual), ("=>", .greaterOrEqual), ("<=", .lessOrEqual),
            ("=<", .lessOrEqual), ("~>", .tilde), ("=", .equal), (">", .greater), ("<", .less), ("~", .tilde),
            ("^", .caret),
        ]
        guard let found = operators.first(where: { isNext($0.0) }) else { return nil }
        index += found.0.utf8CodeUnitCount
        return found.1
    }

    private mutating func partialVersion() throws(SelectionError) -> PartialVersion {
        guard let (version, end) = PartialVersion.read(bytes[index...], wildcards: true) else {
            throw fail("expected a version such as 1.2.3, 1.2, 1.x or *", at: index)
        }
        index = end
        return version
    }

    private mutating func skipSpaces() -> Bool {
        let start = index
        while index < bytes.count, isSpace(bytes[index]) { index += 1 }
        return index > start
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private func isNext(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        return prefix.withUTF8Buffer { bytes[index..<index + count].elementsEqual($0) }
    }

    private func fail(_ what: String, at position: Int) -> SelectionError {
        SelectionError(.range, what, at: position)
    }
}
