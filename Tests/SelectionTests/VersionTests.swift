import Testing

@testable import Selection

@Suite struct SemanticVersionTests {
    private func version(_ text: String) throws -> SemanticVersion { try #require(SemanticVersion(text), "\(text)") }

    @Test func precedenceFollowsSection11OfTheSpecification() throws {
        let ascending = [
            "0.0.1", "0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-11", "1.0.0-99999999999999999999",
            "1.0.0-100000000000000000000",
            "1.0.0-BETA", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-a", "2.0.0", "18446744073709551615.0.0",
        ]
        let versions = try ascending.map(version)
        for (index, left) in versions.enumerated() {
            for (other, right) in versions.enumerated() {
                #expect(left.precedence(over: right).signum() == (index - other).signum(), "\(left) and \(right)")
                #expect((left < right) == (index < other))
            }
        }
    }

    @Test func buildMetadataHasNoPrecedenceButATotalOrder() throws {
        let (a, b) = (try version("1.0.0+a"), try version("1.0.0+b"))
        #expect(a.hasSamePrecedence(as: b))
        #expect(a != b)
        #expect(a < b)
        #expect(!(b < a))
    }

    @Test(arguments: [
        ("v1.2.3", "1.2.3"), ("1", "1.0.0"), ("v1.2", "1.2.0"), ("1.2-beta", "1.2.0-beta"),
        ("1.2.3-a.1+b.02", "1.2.3-a.1+b.02"),
        ("2024.01.15", "2024.1.15"), ("1.2.3--", "1.2.3--"), ("1.0.0-0a", "1.0.0-0a"), ("1+7", "1.0.0+7"),
    ])
    func versionsAreReadLeniently(text: String, canonical: String) throws {
        #expect(try version(text).description == canonical)
        #expect(try version(canonical) == version(text))
    }

    @Test(arguments: [
        "", "v", "V1.2.3", "1.2.3.4", "1..3", "a.b.c", "1.2.3-", "1.2.3+", "1.2.3-01", "1.2.3-a..b", "1.2.3 ", " 1.2.3",
        "1.x",
        "18446744073709551616.0.0", "1.2.3-é", "latest", "-1.0.0", "1.2.3+a+b",
    ])
    func otherTextsAreNoVersions(text: String) { #expect(SemanticVersion(text) == nil) }

    @Test func longTextsAreNoVersions() {
        #expect(SemanticVersion("1.0.0-" + String(repeating: "a", count: 250)) != nil)
        #expect(SemanticVersion("1.0.0-" + String(repeating: "a", count: 251)) == nil)
        #expect(SemanticVersion(String(repeating: "9", count: 200)) == nil)
    }

    @Test func orderIsTotalAndPrintingIsReversible() throws {
        var random = SplitMix64(seed: 11)
        let parts = ["", "-0", "-1", "-a", "-a.1", "-a.b", "-rc.10", "+x", "-a+y"]
        let versions = try (0..<120).map { _ in
            try version("\(random.below(2)).\(random.below(3)).\(random.below(3))\(random.pick(parts))")
        }
        for left in versions {
            #expect(SemanticVersion(left.description) == left)
            for right in versions {
                #expect([left < right, right < left, left == right].filter { $0 }.count == 1)
            }
        }
        let sorted = versions.sorted()
        for index in sorted.indices.dropFirst() { #expect(!(sorted[index] < sorted[0])) }
    }
}

/// Examples from the documentation of Masterminds/semver 3, and what its rules say of the borders.
@Suite struct VersionRangeTests {
    @Test(arguments: [
        ("=1.2.3", "1.2.3 v1.2.3 1.2.3+b", "1.2.4 1.2.3-a"), ("1.2.3", "1.2.3", "1.2.2"),
        ("!=1.2.3", "1.2.2 2.0.0", "1.2.3 1.2.2-a"), ("!=1.x", "2.0.0 0.9.0", "1.0.0 1.9.9"),
        ("!=1.2", "1.3.0 1.1.0", "1.2.0 1.2.9"),
        (">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.4-a"), (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9"),
        (">11", "12.0.0", "11.0.0 11.1.0"),
        (">=1.2", "1.2.0 3.0.0", "1.1.9 1.2.0-a"), ("=>1.2", "1.2.0", "1.1.0"), (">=1.2.x", "1.2.0 1.3.0", "1.1.9"),
        ("<1.2", "1.1.9 0.0.1", "1.2.0 1.1.9-a"), ("<=1.2.3", "1.2.3 0.1.0", "1.2.4"),
        ("<=1.2", "1.2.9 1.0.0", "1.3.0"),
        ("<=2.x", "2.9.9 0.0.1", "3.0.0"), ("=<2", "2.5.0", "3.0.0"), ("*", "0.0.0 9.9.9", "1.0.0-a"),
        ("x", "1.0.0", "1.0.0-a"),
        ("1.x", "1.0.0 1.9.9", "2.0.0 0.9.9"), ("1.2.x", "1.2.0 1.2.9", "1.3.0 1.1.9"), ("1.2.X", "1.2.5", "1.3.0"),
        ("1.*.3", "1.7.0", "2.0.0"), ("1", "1.9.9", "2.0.0"), ("=2", "2.1.0", "3.0.0"),
        ("1.2 - 1.4.5", "1.2.0 1.4.5", "1.1.9 1.4.6"),
        ("2.3.4 - 4.5", "2.3.4 4.5.9", "2.3.3 4.6.0"), ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
        ("~>1.2.3", "1.2.3", "1.3.0"),
        ("~1", "1.0.0 1.9.9", "2.0.0"), ("~2.3", "2.3.0 2.3.9", "2.4.0"), ("~1.2.x", "1.2.0", "1.3.0"),
        ("~1.x", "1.9.0", "2.0.0"),
        ("~*", "0.0.1 7.0.0", "1.0.0-a"), ("~0.0.0", "0.0.0 0.0.9", "0.1.0"), ("^1.2.3", "1.2.3 1.9.0", "2.0.0 1.2.2"),
        ("^1.2.x", "1.2.0 1.9.9", "1.1.9 2.0.0"), ("^2.3", "2.3.0 2.9.9", "3.0.0"), ("^2.x", "2.0.0", "3.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"), ("^0.2", "0.2.0", "0.3.0 0.1.0"), ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"), ("^0", "0.0.0 0.9.9", "1.0.0"), ("^*", "0.1.0 5.0.0", "1.0.0-a"),
        (">=1.0 <3", "1.0.0 2.9.9", "0.9.9 3.0.0"),
        (">= 1.2, < 3.0.0 || >= 4.2.3", "1.2.0 2.9.9 4.2.3 5.0.0", "3.0.0 4.2.2"),
        (">=1.2,<2", "1.5.0", "2.0.0"), ("1.2.3 || 2.0.0", "1.2.3 2.0.0", "1.5.0"), (" >=1 ", "1.0.0", "0.9.0"),
        (">=1.0.0-0 <2", "1.0.0-a 1.5.0-rc.1 1.9.0", "2.0.0 0.9.0-a"),
        (">=1.2.3-BETA", "1.2.3-alpha 1.2.3", "1.2.3-ALPHA"),
        ("^1.2.3-beta.2", "1.2.3-beta.4 1.2.3 1.3.0-a", "1.2.3-beta.1 2.0.0-a"),
        ("~1.2.3-beta", "1.2.3-beta 1.2.9-a", "1.3.0-a"),
        ("1.2.3-rc.1", "1.2.3-rc.1", "1.2.3 1.2.3-rc.2"), (">=1 || >=0.1.0-0 <0.2", "0.1.0-a 1.0.0", "1.0.0-a 0.3.0"),
        ("*-0", "1.0.0-a 1.0.0", ""), ("v1.2.x", "1.2.7", "1.3.0"),
    ])
    func rangesHoldWhatMastermindsDocuments(range: String, inside: String, outside: String) throws {
        let parsed = try VersionRange(range)
        for text in inside.split(separator: " ") {
            #expect(parsed.contains(try #require(SemanticVersion(String(text)))), "\(text) in \(range)")
        }
        for text in outside.split(separator: " ") {
            #expect(!parsed.contains(try #require(SemanticVersion(String(text)))), "\(text) not in \(range)")
        }
    }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("foo", 0), (">", 1), (">=1 ||", 6), ("|| 1", 0), ("1,", 1), (",1", 0), ("1,,2", 2),
        (">=1<2", 3), ("1.2.3.4", 5),
        (">=1 - 2", 0), ("1 - ", 4), ("99999999999999999999", 0), (">==1", 2), ("1.2.3-01", 0),
    ])
    func malformedRangesAreErrorsWithAPosition(range: String, position: Int) {
        let error = #expect(throws: SelectionError.self) { try VersionRange(range) }
        #expect(error?.code == .range)
        #expect(error?.position == position, "\(range)")
    }

    @Test func anExclusionSaysWhetherOnlyThePrereleaseIsInTheWay() throws {
        let range = try VersionRange(">=1.0 <3")
        #expect(range.exclusion(of: try #require(SemanticVersion("2.0.0-rc.1"))) == .prerelease)
        #expect(range.exclusion(of: try #require(SemanticVersion("4.0.0-rc.1"))) == .outside)
        #expect(range.exclusion(of: try #require(SemanticVersion("4.0.0"))) == .outside)
        #expect(range.exclusion(of: try #require(SemanticVersion("2.0.0"))) == nil)
    }

    @Test func anyTextIsEitherARangeOrAnError() throws {
        let alphabet = Array("0123..xX*<>=~^!|| ,-+av")
        var random = SplitMix64(seed: 6)
        let versions = try ["0.0.0", "1.2.3-a", "3.0.0"].map { try #require(SemanticVersion($0)) }
        var accepted = 0
        for _ in 0..<6_000 {
            let source = String((0..<random.below(10)).map { _ in random.pick(alphabet) })
            _ = SemanticVersion(source)
            _ = DecimalNumber(source)
            guard let range = try? VersionRange(source) else { continue }
            accepted += 1
            for version in versions { #expect(range.contains(version) == (range.exclusion(of: version) == nil)) }
        }
        #expect(accepted > 100)
    }

    @Test func boundsHoldOnLengthAndComparisons() throws {
        _ = try VersionRange(Array(repeating: "1", count: 64).joined(separator: " "))
        #expect(throws: SelectionError.self) {
            try VersionRange(Array(repeating: "1", count: 65).joined(separator: " "))
        }
        #expect(throws: SelectionError.self) { try VersionRange(String(repeating: " ", count: 513)) }
    }
}

@Suite struct DecimalNumberTests {
    @Test func numbersOfAnyLengthCompareExactly() throws {
        let ascending = [
            "-100000000000000000000000000000000000001", "-100000000000000000000000000000000000000", "-2", "-1.5000001",
            "-1.50", "-0.1",
            "0", "0.0000000000000000000000000000001", "0.1", "1", "1.05", "1.5", "2", "10", "20260731",
            "9007199254740992",
            "9007199254740993", "100000000000000000000000000000000000000", "100000000000000000000000000000000000000.1",
        ]
        let numbers = try ascending.map { try #require(DecimalNumber($0), "\($0)") }
        for (index, left) in numbers.enumerated() {
            for (other, right) in numbers.enumerated() {
                #expect((left < right) == (index < other), "\(left) and \(right)")
                #expect((left == right) == (index == other))
            }
        }
    }

    @Test(arguments: [
        ("007", "7"), ("1.50", "1.5"), ("-0", "0"), ("+3", "3"), ("-0.0", "0"), ("1.0", "1"), ("000", "0"),
    ])
    func superfluousZerosMakeNoDifference(text: String, canonical: String) throws {
        #expect(DecimalNumber(text) == DecimalNumber(canonical))
        #expect(try #require(DecimalNumber(text)).description == canonical)
    }

    @Test(arguments: [
        "", "-", "+", ".", "1.", ".5", "1e5", "0x10", "inf", "NaN", "1_000", "1,5", " 1", "1.2.3", "--1", "１",
    ])
    func otherTextsAreNoNumbers(text: String) { #expect(DecimalNumber(text) == nil) }

    @Test func smallNumbersCompareAsIntegersOfTheirThousandths() throws {
        var random = SplitMix64(seed: 5)
        func make() throws -> (Int, DecimalNumber) {
            let thousandths = random.below(4_000) - 2_000
            let magnitude = abs(thousandths)
            let text = "\(thousandths < 0 ? "-" : "")\(magnitude / 1000).\(String(1000 + magnitude % 1000).dropFirst())"
            return (thousandths, try #require(DecimalNumber(text)))
        }
        for _ in 0..<2_000 {
            let (a, left) = try make()
            let (b, right) = try make()
            #expect((left < right) == (a < b), "\(left) and \(right)")
            #expect((left == right) == (a == b))
        }
    }
}
