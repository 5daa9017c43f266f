import JSON
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct YAMLTests {
    private func parse(_ text: String, _ limits: YAML.Limits = YAML.Limits()) throws -> JSONValue {
        try YAML.document(Array(text.utf8), limits: limits)
    }

    private func failure(_ text: String, _ limits: YAML.Limits = YAML.Limits()) -> YAMLError? {
        do {
            _ = try YAML.document(Array(text.utf8), limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("true", true), ("Yes", true), ("on", true), ("off", false), ("n", false), ("~", .null), ("", .null),
            ("Null", .null), ("0", 0), ("-17", -17), ("+3", 3), ("0x1F", 31), ("-0x10", -16), ("0o17", 15),
            ("0755", 493),
            ("0b101", 5), ("1_000", 1000), ("9223372036854775807", 9_223_372_036_854_775_807),
            ("-9223372036854775808", -9_223_372_036_854_775_808),
            ("9223372036854775808", .decimal("9223372036854775808")),
            ("100000000000000000000000", .decimal("100000000000000000000000")), ("1.50", .decimal("1.50")),
            (".5", .decimal("0.5")), ("-.5", .decimal("-0.5")), ("+1.", .decimal("1")), ("01.5", .decimal("1.5")),
            ("1E+3", .decimal("1e+3")), ("1e3", .decimal("1e3")), ("089", .decimal("89")), ("+-1", "+-1"), ("0x", "0x"),
            ("1.2.3", "1.2.3"), ("v1", "v1"), ("2001-01-31", "2001-01-31"), ("12:30", "12:30"), ("1e", "1e"),
            ("-", "-"),
            ("100m", "100m"), ("2Gi", "2Gi"), ("TRue", "TRue"), ("nan", "nan"), ("'true'", "true"), ("\"1\"", "1"),
            ("!!str 1", "1"), ("!!int 0x10", 16), ("! yes", "yes"), ("!!float 1", 1),
        ] as [(String, JSONValue)]
    )
    func plainScalarsResolveAsInKubectl(text: String, value: JSONValue) throws {
        // A lone dash is an empty list entry, not a scalar.
        let expected: JSONValue = text == "-" ? .object(["a": .array([.null])]) : .object(["a": value])
        #expect(try parse(text == "-" ? "a:\n- " : "a: \(text)") == expected)
    }

    @Test(arguments: ["!!int x", "!!bool 1", "!local x", "!!binary aGk=", ".nan", "-.inf", "!!set {a}", "!!null x"])
    func scalarsWithoutJSONValueAreRefused(text: String) {
        #expect(failure("a: \(text)")?.line == 1)
    }

    @Test func collectionsNestInBothStyles() throws {
        let text = """
            list:
            - a
            - {x: 1, "y": [true, null]}
            map:
              folded: >-
                one
                two
              literal: |
                one
                 two

            """
        #expect(
            try parse(text) == [
                "list": ["a", ["x": 1, "y": [true, .null]]], "map": ["folded": "one two", "literal": "one\n two\n"],
            ]
        )
    }

    @Test func keysBecomeText() throws {
        #expect(
            try parse("{1: a, off: b, 1.5: c, 'x': d, y: e}", .init()) == [
                "1": "a", "false": "b", "1.5": "c", "x": "d", "true": "e",
            ]
        )
    }

    @Test func aliasesAndMergeKeysExpand() throws {
        let text = """
            base: &base {a: 1, b: 2}
            other: &other {b: 3, c: 4}
            one: {<<: *base, b: 9}
            two:
              <<: [*other, *base]
            three: *base
            """
        let value = try parse(text)
        #expect(value["one"] == ["a": 1, "b": 9])
        #expect(value["two"] == ["a": 1, "b": 3, "c": 4])
        #expect(value["three"] == ["a": 1, "b": 2])
    }

    @Test func explicitKeyBeforeMergeKeyCounts() throws {
        #expect(try parse("one: &x {a: 1}\ntwo: {a: 2, <<: *x}")["two"] == ["a": 2])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", 3, 1), ("a:\n  b: 1\n  b: 2", 3, 3), ("a: *none", 1, 4), ("a: &x [*x]", 1, 8),
        ("a: [1, 2", 2, 1), ("\ta: 1", 1, 1), ("? [a]\n: b", 1, 3), ("~: x", 1, 1), ("a: {<<: 1}", 1, 9),
        ("a: {<<: {}, <<: {}}", 1, 13),
    ])
    func errorsNameLineAndColumn(text: String, line: Int, column: Int) throws {
        let error = try #require(failure(text))
        // libyaml reports an unfinished flow list where the input ends, on the last line or the one after it.
        #expect(error.line == line || text.contains("[1, 2"))
        #expect(error.column == column || text.contains("[1, 2"))
        #expect(error.description.contains("line \(error.line), column \(error.column): "))
    }

    @Test func keyGivenTwiceIsNamed() throws {
        #expect(failure("token: 1\ntoken: 2")?.message == "the key \"token\" is given twice")
    }

    @Test func documentsAreSplitAndEmptyOnesLeftOut() throws {
        let documents = try YAML.documents(Array("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n".utf8))
        #expect(documents == [["a": 1], ["b": 2]])
        #expect(try YAML.documents([]) == [])
        #expect(failure("a: 1\n---\nb: 2")?.message.contains("2 documents") == true)
    }

    @Test func anchorsEndWithTheirDocument() {
        #expect(throws: YAMLError.self) { try YAML.documents(Array("a: &x 1\n---\nb: *x".utf8)) }
    }

    @Test func billionLaughsStop() {
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...30 {
            let alias = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(alias)]\n"
        }
        #expect(failure(text)?.message.contains("aliases stand for more than") == true)
    }

    @Test func aliasesOfOneLongTextAreBounded() {
        let text =
            "a: &a \(String(repeating: "x", count: 1000))\nb: [\(Array(repeating: "*a", count: 50).joined(separator: ","))]"
        #expect(failure(text, .init(aliasBytes: 10_000)) != nil)
        #expect(failure(text, .init(aliasBytes: 100_000)) == nil)
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(failure(deep)?.message == "nested deeper than 128 levels")
        #expect(failure(String(repeating: "[", count: 128) + String(repeating: "]", count: 128)) == nil)
        #expect(failure(String(repeating: "- ", count: 1000) + "x")?.message == "nested deeper than 128 levels")
    }

    @Test func sizeIsBounded() {
        #expect(failure("a: 12345678", .init(bytes: 8))?.message == "the text is larger than 8 bytes")
    }

    @Test(arguments: [[0x61, 0x3A, 0x20, 0xFF], [0x61, 0x3A, 0x20, 0x01], [0xC3], [0x00]] as [[UInt8]])
    func bytesThatAreNotTextAreRefused(bytes: [UInt8]) {
        #expect(throws: YAMLError.self) { try YAML.document(bytes) }
    }

    @Test func noInputCrashesTheParser() {
        let seeds = [
            "a: &x [1, *x]\n", "? {a: b}\n: - - |2-\n  x\n", "%YAML 1.1\n--- !!map {<<: [*a]}\n...\n",
            "\"\\x41\\u00e9\": '\n'",
        ]
        for seed in UInt64(1)...400 {
            var generator = SplitMix64(seed: seed)
            var bytes = Array((seeds.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let byte = UInt8.random(in: 0...255, using: &generator)
                let index = Int.random(in: 0...bytes.count, using: &generator)
                if index < bytes.count, Bool.random(using: &generator) {
                    bytes[index] = byte
                } else {
                    bytes.insert(byte, at: index)
                }
            }
            _ = try? YAML.documents(bytes)
        }
    }
}
