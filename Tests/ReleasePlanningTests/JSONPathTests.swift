import JSON
import ReleasePlanning
import Testing

@Suite struct JSONPathTests {
    private static let document: JSONValue = [
        "a": [["b": ["the c": 1, "it's": "x", "q\"": 2]], "second"], "schlüssel": true, "n-1": .null, "": "empty",
    ]

    @Test(
        arguments: [
            ("$", document), ("$.a[1]", "second"), ("$.a[0].b['the c']", 1), ("$['a'][0][\"b\"]['it\\'s']", "x"),
            ("$.a[0].b[\"q\\\"\"]", 2), ("$.schlüssel", true), ("$.n-1", .null), ("$['']", "empty"),
        ] as [(String, JSONValue)]
    )
    func namesOneValue(path: String, value: JSONValue) throws {
        #expect(try JSONPath(path).value(in: Self.document) == value)
    }

    @Test(arguments: ["$.missing", "$.a[2]", "$.a.b", "$[0]", "$.a[1].x", "$.a[9223372036854775807]"])
    func whereThereIsNothingNothingIsFound(path: String) throws {
        #expect(try JSONPath(path).value(in: Self.document) == nil)
    }

    @Test(arguments: [
        "", "a", ".a", "$a", "$.", "$..a", "$.a.", "$.a[", "$.a[]", "$.a[-1]", "$.a[x]", "$.a[*]", "$.*", "$.a[0",
        "$['a",
        "$['a'", "$['a\\n']", "$.a[0]b", "$.a b", "$.0", "$[99999999999999999999]", "$?(@.a)", "$.a[1:2]", "$ .a",
        "$" + String(repeating: ".a", count: 65),
    ])
    func whatIsNoPathIsRefused(path: String) {
        #expect(throws: JSONPath.ParseError.self) { try JSONPath(path) }
    }
}
