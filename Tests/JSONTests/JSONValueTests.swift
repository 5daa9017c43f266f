import JSON
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct JSONValueTests {
    @Test func canonicalFormSortsMembersByUTF8AndHasNoSpace() throws {
        let value = try JSONValue(parsing: #" { "b" : [ 1 , 2.50 ] , "a" : null, "é":1, "z":true, "B":{}, "":[] } "#)
        #expect(value.canonicalText == #"{"":[],"B":{},"a":null,"b":[1,2.50],"z":true,"é":1}"#)
    }

    @Test func canonicalFormDoesNotDependOnTheOrderOfMembers() {
        let names = (0..<50).map { "member\($0)" }
        let forward = JSONValue.object(Dictionary(uniqueKeysWithValues: names.map { ($0, .string($0)) }))
        let backward = JSONValue.object(Dictionary(uniqueKeysWithValues: names.reversed().map { ($0, .string($0)) }))
        #expect(forward.canonicalBytes == backward.canonicalBytes)
    }

    @Test func aSlashIsNeverEscaped() throws {
        let value = try JSONValue(parsing: #"{"a\/b":"https:\/\/x"}"#)
        #expect(value.canonicalText == #"{"a/b":"https://x"}"#)
    }

    @Test(arguments: [
        ("\u{0}", #""\u0000""#), ("\u{8}\u{C}", #""\u0008\u000c""#), ("\n\r\t", #""\n\r\t""#), ("\"\\", #""\"\\""#),
        ("\u{1F}\u{20}", #""\u001f ""#), ("~é日😀", "\"~é日😀\""),
        // Valid in JSON as they are, but not in YAML, as which an API server reads an apply patch.
        ("\u{7F}\u{80}\u{9F}\u{A0}", "\"\\u007f\\u0080\\u009f\u{A0}\""),
        ("\u{85}\u{2028}\u{2029}", #""\u0085\u2028\u2029""#),
        ("\u{FEFF}\u{FFFE}\u{FFFF}\u{FFFD}", "\"\\ufeff\\ufffe\\uffff\u{FFFD}\""),
    ])
    func stringsAreEscapedWhereJSONOrYAMLDemandsIt(text: String, expected: String) throws {
        #expect(Array(JSONValue.string(text).canonicalText.utf8) == Array(expected.utf8))
        #expect(try JSONValue(parsing: expected).string.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    }

    @Test func prettyFormIsIndentedByTwoSpaces() {
        let value: JSONValue = ["a": [1, ["b": .null]], "c": [], "d": [:]]
        #expect(
            value.prettyText == """
                {
                  "a": [
                    1,
                    {
                      "b": null
                    }
                  ],
                  "c": [],
                  "d": {}
                }

                """
        )
    }

    @Test func subscriptsAreNilWhereThereIsNothing() {
        let value: JSONValue = ["a": [1, "x"]]
        #expect(value["a"]?[0] == 1)
        #expect(value["a"]?[2] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["b"] == nil)
        #expect(value[0] == nil)
        #expect(JSONValue.null["a"] == nil)
    }

    @Test func settingAMemberOfNoObjectMakesOne() {
        var value = JSONValue.null
        value["a"] = 1
        #expect(value == ["a": 1])
        value["a"] = nil
        #expect(value == [:])
    }

    @Test func accessorsAnswerForTheirKindOnly() {
        let values: [JSONValue] = [.null, true, 1, .decimal("1.5"), "s", [], [:]]
        #expect(values.map { $0.isNull } == [true, false, false, false, false, false, false])
        #expect(values.map { $0.bool != nil } == [false, true, false, false, false, false, false])
        #expect(values.map { $0.integer != nil } == [false, false, true, false, false, false, false])
        #expect(values.map(\.double) == [nil, nil, 1, 1.5, nil, nil, nil])
        #expect(values.map { $0.string != nil } == [false, false, false, false, true, false, false])
        #expect(values.map { $0.array != nil } == [false, false, false, false, false, true, false])
        #expect(values.map { $0.object != nil } == [false, false, false, false, false, false, true])
    }

    @Test func aTypedValueReadsFromItsOwnJSON() throws {
        let value: [String: [Int64?]] = ["a": [1, nil, .max], "": []]
        #expect(try [String: [Int64?]](json: value.json) == value)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func equalBytesMeanEqualValues(seed: UInt64) throws {
        var random = RandomJSON(generator: SplitMix64(seed: seed))
        let first = random.value(depth: 2)
        let second = random.value(depth: 2)
        #expect((first.canonicalBytes == second.canonicalBytes) == (first == second))
    }
}
