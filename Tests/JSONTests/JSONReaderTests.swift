import JSON
import Testing

@Suite(.timeLimit(.minutes(1)))
struct JSONReaderTests {
    @Test(arguments: [
        "", " ", "nul", "nulll", "tru", "falsy", "TRUE", "01", "-", "-01", "+1", ".5", "1.", "1.e1", "1e", "1e+",
        "0x10",
        "NaN", "Infinity", "--1", "1 2", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":",
        "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
        "\"", "\"a", "\"\\\"", "\"\\q\"", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u 123\"", "\"\n\"", "\"\t\"",
        "\"\u{0}\"", "'a'", "// c\n1", "[1]]", "{}{}", "\u{FEFF}1", "1\u{0}", "\u{A0}1", "[1,\u{B}2]", "\u{C}1",
    ])
    func malformedTextIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(throws: JSONError.self) {
            var reader = JSONReader(Array(text.utf8))
            try reader.skip()
            try reader.finish()
        }
    }

    @Test func everyTruncationOfADocumentIsRefused() {
        let document = #"{"a":[1,-2.5e3,true,false,null,{"b\n\u00e9\ud83d\ude00":"ß😀"}],"c":{}}"#
        let bytes = Array(document.utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: bytes) }
        for count in bytes.indices {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u00E9""#, "Aéé"),
        (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00x""#, "😀x"), (#""\u0000""#, "\u{0}"), (#""/""#, "/"),
        // As Go does: half a pair stands for nothing.
        (#""\ud83d""#, "\u{FFFD}"), (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83dx""#, "\u{FFFD}x"), (#""\ud83d\n""#, "\u{FFFD}\n"),
    ])
    func escapesStandForTheirCharacters(text: String, expected: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.string.map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test func invalidUTF8IsRepairedAndNeverRefused() throws {
        let bytes: [UInt8] = [0x22, 0x61, 0xFF, 0xC3, 0x22]
        #expect(try JSONValue(parsing: bytes) == "a\u{FFFD}\u{FFFD}")
        let escaped: [UInt8] = [0x22, 0x5C, 0x6E, 0xC3, 0x22]
        #expect(try JSONValue(parsing: escaped) == "\n\u{FFFD}")
    }

    @Test(arguments: [JSONReader.maximumDepth, JSONReader.maximumDepth + 1, 1_000_000])
    func nestingIsBounded(depth: Int) {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = open == "[" ? "" : "1"
            let text = String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
            let bytes = Array(text.utf8)
            #expect(((try? JSONValue(parsing: bytes)) != nil) == (depth <= JSONReader.maximumDepth))
            var reader = JSONReader(bytes)
            var skips = true
            do throws(JSONError) { try reader.skip() } catch { skips = false }
            #expect(skips == (depth <= JSONReader.maximumDepth))
        }
    }

    @Test func depthCountsNestingAndNotHowManyListsThereAre() throws {
        let text = "[" + Array(repeating: "[{}]", count: 1000).joined(separator: ",") + "]"
        #expect(try JSONValue(parsing: text).array?.count == 1000)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min), ("1.0", 1),
            ("1e3", 1000), ("-1.5E1", -15), ("120e-1", 12), ("0.0", 0), ("0e999999999999999999999", 0), ("1E+2", 100),
            // Beyond 2^53 a double would be off by one.
            ("9007199254740993.0", 9_007_199_254_740_993), ("9223372036854775807.000", .max),
            ("922337203685477580.7e1", .max),
        ] as [(String, Int64)]
    )
    func aWholeNumberReadsHoweverItIsWritten(text: String, expected: Int64) throws {
        #expect(try Int64(parsing: Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1.5", "1e-1", "1e19", "1e400", "1e99999999999999999999",
        "1e-99999999999999999999", "1.00000000000000000000001", "99999999999999999999999999999999",
        "1e9223372036854775807",
        "0.1e-9223372036854775808", "\"1\"", "true", "null", "[]",
    ])
    func whatIsNoWholeNumberOf64BitsIsRefused(text: String) {
        #expect(throws: JSONError.self) { try Int64(parsing: Array(text.utf8)) }
    }

    @Test(arguments: ["1.50", "1e400", "-0.0", "18446744073709551616", "1E+2", "0.1000000000000000055511151231257827"])
    func aNumberThatIsNoInt64KeepsItsText(text: String) throws {
        #expect(try JSONValue(parsing: text) == .decimal(text))
        #expect(try JSONValue(parsing: text).canonicalText == text)
    }

    @Test func ofTwoMembersWithOneNameTheLastCounts() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"b":2,"\u0061":3}"#) == ["a": 3, "b": 2])
    }

    @Test func keysAreComparedByBytesAlsoWhenEscaped() throws {
        var found: [Bool] = []
        // U+212A, the Kelvin sign, is canonically equivalent to K.
        var reader = JSONReader(Array(#"{"K":1,"\u004b":1,"\u212A":1,"KK":1,"":1}"#.utf8))
        try reader.readObject { reader, key throws(JSONError) in
            #expect(key.equals("K") == key.equals(Array("K".utf8)))
            found.append(key.equals("K"))
            try reader.skip()
        }
        #expect(found == [true, true, false, false, false])
    }

    @Test func aReaderOverAPartReadsNothingBehindIt() throws {
        let bytes = Array("[12,345]".utf8)
        var reader = JSONReader(bytes, range: 1..<2)
        #expect(try reader.readInteger() == 1)
        try reader.finish()
        var outside = JSONReader(bytes, range: 100..<200)
        #expect(throws: JSONError.self) { try outside.peek() }
        var string = JSONReader(Array("\"abc\"".utf8), range: 0..<3)
        #expect(throws: JSONError.self) { try string.readString() }
        var escape = JSONReader(Array(#""\u0041""#.utf8), range: 0..<6)
        #expect(throws: JSONError.self) { try escape.readString() }
    }

    @Test func aRangeIsThatOfTheValueAlone() throws {
        let bytes = Array(#" {"a": [1, {"b":"]"}] , "c":2}"#.utf8)
        var reader = JSONReader(bytes)
        var ranges: [String] = []
        try reader.readObject { reader, _ throws(JSONError) in
            ranges.append(String(decoding: bytes[try reader.readRange()], as: UTF8.self))
        }
        #expect(ranges == [#"[1, {"b":"]"}]"#, "2"])
    }

    @Test(arguments: [
        ("[1,2,\"x\"]", "[2]: expected a whole number, got a string"),
        ("[1,2", "expected a comma or the end of the array (at byte 4)"),
        ("{}", "expected an array, got an object (at byte 0)"),
        ("", "expected an array, got the end of the document (at byte 0)"),
        ("[1]x", "unexpected \"x\" after the document (at byte 3)"),
        ("[99999999999999999999]", "[0]: 99999999999999999999 is not a whole number of 64 bits"),
    ])
    func anErrorSaysWhereAndWhatWasExpected(text: String, expected: String) {
        let error = #expect(throws: JSONError.self) { try [Int64](parsing: Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test func anErrorNamesThePathToItsMember() {
        let error = #expect(throws: JSONError.self) {
            try [String: [String: [Bool]]](parsing: Array(#"{"spec":{"a":[true],"b":[true,1]}}"#.utf8))
        }
        #expect(error?.field == "spec.b[1]")
        #expect(error?.path == ["spec", "b", "[1]"])
        #expect(error?.description == "spec.b[1]: expected a boolean, got a number")
    }

    @Test func anErrorDoesNotRepeatALongInput() throws {
        let text = String(repeating: "9", count: 100_000)
        let error = try #require(throws: JSONError.self) { try Int64(parsing: Array(text.utf8)) }
        #expect(error.message.utf8.count < 120)
    }

    @Test func nullIsAbsenceWhereTheTypeAllowsIt() throws {
        #expect(try [Int64?](parsing: Array("[null,1]".utf8)) == [nil, 1])
        #expect(throws: JSONError.self) { try [Int64](parsing: Array("[null]".utf8)) }
        #expect(([1, nil] as [Int64?]).json == [1, .null])
    }
}
