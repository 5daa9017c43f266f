import Testing

@testable import Selection

@Suite struct PatternTests {
    @Test func searchIsUnanchoredAndLeftmost() throws {
        let match = try #require(try Pattern("b+").firstMatch(in: "aabbcbbb"))
        #expect(match.utf8Range(ofGroup: 0) == 2..<4)
        #expect(try Pattern("b+").matches("aaa") == false)
    }

    @Test(arguments: [
        ("a|ab", "ab", "a"), ("ab|a", "ab", "ab"), ("a*?", "aa", ""), ("a+?", "aa", "a"), ("(?U)a+", "aa", "a"),
        ("(?U)a+?", "aa", "aa"), ("a{2,3}", "aaaa", "aaa"), ("a{2,3}?", "aaaa", "aa"), ("x{0}", "x", ""),
        ("(?:a|ab)(?:c|bcd)", "abcd", "abcd"),
    ])
    func earlierAlternativesAndGreedOrderMatches(pattern: String, text: String, expected: String) throws {
        #expect(try Pattern(pattern).firstMatch(in: text)?[0] == Substring(expected))
    }

    @Test func groupsAreFoundByNumberAndName() throws {
        let pattern = try Pattern(#"^(?P<kind>[a-z]+)-(?<build>\d+)(-(rc))?$"#)
        let match = try #require(pattern.firstMatch(in: "api-042"))
        #expect(match["kind"] == "api")
        #expect(match["build"] == "042")
        #expect(match[2] == "042")
        #expect(match[3] == nil)
        #expect(match["nothing"] == nil)
        #expect(match[9] == nil)
        #expect(match[-1] == nil)
        #expect(pattern.groupNames == [nil, "kind", "build", nil, nil])
    }

    @Test func rangesAreThoseOfTheStringAlsoBeyondASCII() throws {
        let text = "é-ß-42"
        let match = try #require(try Pattern(#"\pL-(\d+)"#).firstMatch(in: text))
        #expect(match.utf8Range(ofGroup: 1) == 6..<8)
        let range = try #require(match.range(ofGroup: 1))
        #expect(text[range] == "42")
        #expect(match[0] == "ß-42")
    }

    @Test(arguments: [
        (#"^b$"#, "a\nb", false), (#"(?m)^b$"#, "a\nb\nc", true), (".", "\n", false), ("(?s).", "\n", true),
        (#"\Aa"#, "ba", false), (#"a\z"#, "a\n", false), (#"(?i)VERSION"#, "Version", true),
        (#"(?i:a)b"#, "AB", false), (#"(?i)a(?-i)b"#, "Ab", true), (#"\bfoo\b"#, "a foo.", true),
        (#"\Boo"#, "foo", true), (#"[[:alpha:]]"#, "1", false), (#"[[:^digit:]]"#, "1", false),
        (#"[^\W_]"#, "_", false), (#"\p{Lu}"#, "É", true), (#"\PL"#, "É", false), (#"\p{^L}"#, "1", true),
        (#"\Qa.b\E+"#, "a.bbb", true), (#"\Qa.b"#, "axb", false), (#"\x41\x{1F600}"#, "A😀", true),
        (#"\101"#, "A", true), (#"[]a]"#, "]", true), (#"[a-]"#, "-", true), (#"x{,3}"#, "x{,3}", true),
        (#"(?i)ſ"#, "S", true), (#"(?i)[^k]"#, "K", false),
    ])
    func constructsMeanWhatTheyMeanInRE2(pattern: String, text: String, matches: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == matches)
    }

    @Test(arguments: [
        ("a(?=b)", "look-ahead", 1), ("a(?!b)", "negative look-ahead", 1), ("(?<=a)b", "look-behind", 0),
        ("x(?<!a)b", "negative look-behind", 1), (#"(a)\1"#, "back-reference", 3),
        (#"(?P<n>a)\k<n>"#, "back-reference", 8),
        ("(?P=n)", "back-reference", 0), ("ab*+", "possessive", 3), ("ab++", "possessive", 3), ("(?>a)", "atomic", 0),
        ("a(?R)", "recursive", 1), ("(?#x)", "comment", 0), ("(?|a)", "branch reset", 0), ("(?(1)a)", "conditional", 0),
        (#"a\Z"#, #"write \z"#, 1), (#"\p{Greek}"#, "scripts are not supported", 0), (#"a\C"#, "single byte", 1),
    ])
    func refusedConstructsAreNamedWithTheirPosition(pattern: String, name: String, position: Int) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.position == position)
        #expect(error?.code == .pattern)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("at byte \(position)") == true)
    }

    @Test(arguments: [
        "(a", "a)", "[a", "[z-a]", "*a", "a**", "x{2,1}", "x{1001}", "(?:x{40}){40}", #"\"#, #"\8"#, #"\q"#, #"\x4"#,
        #"\x{}"#,
        #"\x{110000}"#, "(?P<n", "(?P<>a)", "(?P<a-b>c)", "(?P<n>a)(?P<n>b)", "(?i", "(?-)", "(?z)", "[[:nope:]]",
        #"[\d-\]"#,
        #"\pé"#, #"\p{"#, #"\p"#, "(?<é>a)", "|*",
    ])
    func malformedPatternsAreErrorsWithAPosition(pattern: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.position != nil)
    }

    @Test func boundsHoldOnLengthSizeDepthAndGroups() throws {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "a", count: 513)) }
        _ = try Pattern(String(repeating: "a", count: 512))
        #expect(throws: PatternError.self) { try Pattern("[ab]{1000}[cd]{1000}[ef]{1000}(xyzxyzxyz){1000}") }
        _ = try Pattern("[ab]{1000}[cd]{1000}")
        let deep = { (levels: Int) in
            String(repeating: "(?:", count: levels) + "a" + String(repeating: ")", count: levels)
        }
        _ = try Pattern(deep(100))
        #expect(throws: PatternError.self) { try Pattern(deep(101)) }
        _ = try Pattern(String(repeating: "(a)", count: 64))
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "(a)", count: 65)) }
        #expect(try Pattern("(?:(?:x{10}){10}){10}").program.code.count <= Program.maximumInstructions)
    }

    @Test(arguments: [
        ("(a+)+$", 10_000), ("(a*)*b", 10_000), ("(a|a)*b", 10_000), ("(?:a?){50}a{50}b", 1_000),
        ("(.*)(.*)(.*)(.*)x", 2_000),
        ("((a|b|ab)*?)*c", 2_000),
    ])
    func stepsAreLinearInTheText(source: String, count: Int) throws {
        let pattern = try Pattern(source)
        func steps(_ count: Int) -> Int {
            var steps = 0
            _ = pattern.firstMatch(in: String(repeating: "a", count: count) + "!", countingSteps: &steps)
            return steps
        }
        let small = steps(count / 10)
        let large = steps(count)
        #expect(large <= 12 * small)
        // Each instruction is looked at at most twice for each position: when it is reached and when it consumes.
        #expect(large <= 2 * pattern.program.code.count * (count + 2))
    }

    @Test func anAnchoredPatternStopsWithItsLastThread() throws {
        var steps = 0
        _ = try Pattern("^ab").firstMatch(in: String(repeating: "x", count: 10_000), countingSteps: &steps)
        #expect(steps < 20)
    }

    @Test func anyTextIsEitherAPatternOrAnError() {
        let alphabet = Array("()[]{}*+?|\\^$.-:<>P=!,01xipdwQEbé\n")
        var random = SplitMix64(seed: 7)
        var accepted = 0
        for _ in 0..<4_000 {
            let source = String((0..<random.below(24)).map { _ in random.pick(alphabet) })
            guard let pattern = try? Pattern(source) else { continue }
            accepted += 1
            _ = pattern.firstMatch(in: source)
        }
        #expect(accepted > 100)
    }

    @Test func everyScalarOfAnOrbitHasTheSameOrbit() {
        for value in [UInt32(0)..<0x3000, 0xa640..<0xac00, 0x10400..<0x10500].joined() {
            let members = CaseOrbit.members(of: value)
            guard members.count > 1 else { continue }
            for member in members {
                #expect(Set(CaseOrbit.members(of: member)) == Set(members), "U+\(String(value, radix: 16))")
            }
        }
    }
}

@Suite struct TemplateTests {
    private func expand(_ template: String, _ pattern: String, _ text: String) throws -> String? {
        let pattern = try Pattern(pattern)
        let template = try Template(template, for: pattern)
        return pattern.firstMatch(in: text).map(template.expand)
    }

    @Test(arguments: [
        ("$v", "1.2"), ("${v}", "1.2"), ("$1", "1.2"), ("$0", "v1.2"), ("${1}x", "1.2x"), ("a-$v-b", "a-1.2-b"),
        ("$$v", "$v"),
        ("", ""), ("$w", ""), ("${v}$v", "1.21.2"),
    ])
    func groupsAreSubstitutedAsInGo(template: String, expected: String) throws {
        #expect(try expand(template, "^v(?<v>[0-9.]+)(?<w>-rc)?$", "v1.2") == expected)
    }

    @Test(arguments: ["$x", "$2", "$1x", "$vv", "$", "a$", "${v", "${}", "$-", "${v-}", "$01", "$99999999999999999999"])
    func unknownGroupsAndLoneDollarsAreErrors(template: String) throws {
        let error = #expect(throws: SelectionError.self) { try self.expand(template, "^v(?<v>.+)$", "v1") }
        #expect(error?.code == .template)
        #expect(error?.position != nil)
    }

    @Test func theErrorForANumberFollowedByTextSaysWhatToWrite() {
        let error = #expect(throws: SelectionError.self) { try self.expand("$1x", "(a)", "a") }
        #expect(error?.message.contains("${1}x") == true)
    }
}
