import Testing

@testable import JSON

@Suite struct JSONTextTests {
    @Test func keepsTheTextThatWasRead() throws {
        var reader = JSONReader(Array(#"{"spec": {"b":1, "a":"\u0041"}, "x":2}"#.utf8))
        var text: JSONText?
        try reader.readObject { reader, key throws(JSONError) in
            if key.equals("spec") { text = try JSONText.read(from: &reader) } else { try reader.skip() }
        }
        #expect(text.map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"b":1, "a":"\u0041"}"#)
        #expect(text?.value == ["a": "A", "b": 1])
    }

    @Test func textsOfOneValueAreEqualAndHashAlike() throws {
        let read = try JSONText(parsing: Array(#"{ "b" : 1, "a" : "\u0041" }"#.utf8))
        let made = JSONText(["a": "A", "b": 1])
        #expect(read == made)
        #expect(read.hashValue == made.hashValue)
        #expect(read != JSONText(["a": "A", "b": 2]))
    }

    @Test(arguments: ["{", #"{"a":}"#, #"{"a":1"#, #"["\x"]"#, #"{"a" 1}"#, #"{a:1}"#, "nul"])
    func whatIsNotJSONIsRefused(document: String) {
        #expect(throws: JSONError.self) { try JSONText(parsing: Array(document.utf8)) }
    }

    @Test func everyPrefixOfADocumentIsRefused() throws {
        let document = Array(#"{"k:{\"port\":80}":{".":{},"f:port":[1,-2.5e3,true,null,"\ud83d\ude00"]}}"#.utf8)
        _ = try JSONText(parsing: document)
        for length in 0..<document.count {
            #expect(throws: JSONError.self) { try JSONText(parsing: Array(document[..<length])) }
        }
    }
}

@Suite struct MemberNamesTests {
    private func index(_ document: String, in names: MemberNames, from start: Int) throws -> Int? {
        var reader = JSONReader(Array(document.utf8))
        var found: Int?
        try reader.readObject { reader, key throws(JSONError) in
            found = names.index(of: key, from: start)
            try reader.skip()
        }
        return found
    }

    @Test func findsEveryNameFromEveryStart() throws {
        let all = ["", "a", "ab", "abc", "spec", "status", "é"]
        let names = MemberNames(all)
        for start in -1...8 {
            for (expected, name) in all.enumerated() {
                #expect(try index("{\"\(name)\":1}", in: names, from: start) == expected)
            }
            #expect(try index(#"{"specs":1}"#, in: names, from: start) == nil)
            #expect(try index(#"{"spe":1}"#, in: names, from: start) == nil)
        }
    }

    @Test func anEscapedNameIsTheSameName() throws {
        #expect(try index(#"{"sp\u0065c":1}"#, in: MemberNames(["metadata", "spec"]), from: 0) == 1)
    }

    @Test func namesThatOnlyNormaliseAlikeAreDifferent() throws {
        #expect(try index("{\"\u{212A}\":1}", in: MemberNames(["K"]), from: 0) == nil)
        #expect(try index(#"{"\u212A":1}"#, in: MemberNames(["K"]), from: 0) == nil)
    }
}
