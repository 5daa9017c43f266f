import TestSupport
import Testing

@testable import Selection

/// Compares with RE2 itself, by PyPI's `google-re2`.
@Suite struct PatternOracleTests {
    private struct Case: Codable {
        var pattern: String
        var texts: [String]
    }

    /// For each text the spans of the groups in bytes, (-1, -1) for one that took no part; nil for no match.
    private struct Answer: Codable {
        var accepted: Bool
        var spans: [[[Int]]?]
    }

    private static let oracle = PythonOracle(
        """
        import json, re2, sys
        options = re2.Options()
        options.log_errors = False
        answers = []
        for case in json.load(open(sys.argv[1], encoding='utf-8')):
            try:
                pattern = re2.compile(case['pattern'], options)
            except re2.error:
                answers.append({'accepted': False, 'spans': []})
                continue
            spans = []
            for text in case['texts']:
                match = pattern.search(text.encode('utf-8'))
                spans.append(match and [list(match.span(n)) for n in range(pattern.groups + 1)])
            answers.append({'accepted': True, 'spans': spans})
        json.dump(answers, open(sys.argv[2], 'w', encoding='utf-8'))
        """
    )

    private func ask(_ cases: [Case]) throws -> [Answer] { try Self.oracle.ask(cases, [Answer].self) }

    private func compare(_ cases: [Case]) throws -> (pairs: Int, accepted: Int) {
        var pairs = 0
        var accepted = 0
        for (test, answer) in zip(cases, try ask(cases)) {
            let pattern = try? Pattern(test.pattern)
            #expect((pattern != nil) == answer.accepted, "\(test.pattern.debugDescription)")
            guard let pattern, answer.accepted else { continue }
            accepted += 1
            for (text, spans) in zip(test.texts, answer.spans) {
                pairs += 1
                let mine = pattern.firstMatch(in: text).map { match in
                    pattern.groupNames.indices.map { number -> [Int] in
                        match.utf8Range(ofGroup: number).map { [$0.lowerBound, $0.upperBound] } ?? [-1, -1]
                    }
                }
                #expect(mine == spans, "\(test.pattern.debugDescription) on \(text.debugDescription)")
                #expect(pattern.matches(text) == (spans != nil))
            }
        }
        return (pairs, accepted)
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func randomPatternsMatchAsInRE2() throws {
        var patterns = RandomPatterns(seed: 20_260_731)
        let cases = (0..<1_200).map { _ in
            let (pattern, texts) = patterns.next()
            return Case(pattern: pattern, texts: texts)
        }
        let result = try compare(cases)
        #expect(result.pairs >= 3_000)
        #expect(result.accepted > cases.count * 9 / 10)
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func damagedPatternsAreAcceptedAndRefusedAsInRE2() throws {
        var patterns = RandomPatterns(seed: 99)
        let cases = (0..<1_500).compactMap { _ -> Case? in
            let (pattern, texts) = patterns.next()
            let damaged = patterns.damage(pattern)
            return RandomPatterns.isKnownDeparture(damaged) ? nil : Case(pattern: damaged, texts: texts)
        }
        let result = try compare(cases)
        #expect(result.accepted > 300)
        #expect(cases.count - result.accepted > 300)
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func lettersFoldAsInRE2() throws {
        // Each letter must match its equivalents, and none of all the other letters in one long text.
        let blocks: [Range<UInt32>] = [0x41..<0x600, 0x1c80..<0x1c89, 0x1e00..<0x2190, 0xfb00..<0xfb07]
        // Two letters that got a capital in Unicode 16, which RE2's tables may predate.
        let recent: [UInt32] = [0x19b, 0x264]
        let letters = blocks.joined().filter { value in
            Unicode.Scalar(value)?.properties.isCased == true && !recent.contains(value)
        }
        #expect(letters.count > 1_000)
        let cases = letters.map { letter in
            let members = CaseOrbit.members(of: letter)
            let others = letters.filter { !members.contains($0) }
            let texts = members.map { [$0] } + [others]
            return Case(
                pattern: "(?i)\\x{\(String(letter, radix: 16))}",
                texts: texts.map { values in String(String.UnicodeScalarView(values.compactMap(Unicode.Scalar.init))) }
            )
        }
        for (test, answer) in zip(cases, try ask(cases)) {
            #expect(answer.spans.dropLast().allSatisfy { $0 != nil }, "\(test.pattern) has too many equivalents")
            #expect(answer.spans.last == .some(nil), "\(test.pattern) has too few equivalents")
        }
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func theSourcesExamplesMatchAsInRE2() throws {
        let texts = ["v1.2.3", "sha256-abc", "x.sig", "41/", "2026/", "v", "", "main-1a2b3c-1700000000", "Ünïcode/"]
        let sources = [
            "^v(?<v>.+)$", #"\.(sig|att|sbom)$"#, "^sha256-", #"^(?<v>\d+)/$"#, #"^main-[a-f0-9]+-(?P<ts>[0-9]+)$"#,
            "^", "$", "^$", ".*", "(?i)^ü", #"\w+"#, #"[^/]+/"#, "(|a)*", "(|a)+", "(a*)+", "(a|b*)*",
        ]
        _ = try compare(sources.map { Case(pattern: $0, texts: texts) })
    }
}
