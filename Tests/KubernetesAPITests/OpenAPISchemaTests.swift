import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct OpenAPISchemaTests {
    /// A type with one of each.
    private struct Sample: APIObject {
        static let summary = "A sample."
        static let rules: [OpenAPISchema.Rule] = [
            .exactlyOne(of: "left", "right"), .atMostOne(of: "up", "down"), .cel("true", "never"),
        ]
        var name = ""
        var count: Int64 = 1
        var left: String?
        var right: String?
        var up: Bool?
        var down: Bool?
        var parts: [Part] = []
        var tags: [String] = []
        var words: [String: String] = [:]
        var free: JSONValue = .object([:])
        var color = Color.red

        static let fields = FieldTable<Sample>([
            .field("name", \.name, "A name.", required: true, .minLength(2), .maxLength(4), .pattern("^a")),
            .field("count", \.count, "A count.", .range(1...9), .defaulted(5)),
            .field("left", \.left, "Left."), .field("right", \.right, "Right."), .field("up", \.up, "Up."),
            .field("down", \.down, "Down."),
            .field("parts", \.parts, "Parts.", .minItems(1), .maxItems(2), .listMap("id")),
            .field("tags", \.tags, "Tags.", .itemMaxLength(3), .listSet),
            .field("words", \.words, "Words.", .maxProperties(2), .valueMaxLength(3)), .field("free", \.free, "Free."),
            .field("color", \.color, "A colour."),
        ])
    }

    private struct Part: APIObject {
        static let summary = "A part."
        var id = ""
        var size: Int64 = 0
        static let fields = FieldTable<Part>([
            .field("id", \.id, "Its id.", required: true), .field("size", \.size, "Its size.", .defaulted(3)),
        ])
    }

    private enum Color: String, APIEnum { case red, green }

    private func problems(_ text: String, strict: Bool = false) throws -> [String] {
        try Sample.schema.problems(with: JSONValue(parsing: text), at: "spec", refusesUnknown: strict) {
            pattern,
            text in
            pattern == "^a" && text.hasPrefix("a")
        }.map(\.description)
    }

    @Test(
        arguments: [
            (#"{"name":"abc","left":"x"}"#, []),
            (
                #"{"name":"abc","left":"x","right":null,"up":true,"parts":[{"id":"a"}],"tags":["a"],"words":{"a":"b"},"free":{"x":[]},"color":"green","count":9}"#,
                []
            ),
            (#"{"left":"x"}"#, ["spec.name: is required"]), (#"{"name":null,"left":"x"}"#, ["spec.name: is required"]),
            (#"{"name":"a","left":"x"}"#, ["spec.name: must have at least 2 characters"]),
            (#"{"name":"aéééé","left":"x"}"#, ["spec.name: must have at most 4 characters, not 5"]),
            (#"{"name":"bb","left":"x"}"#, [#"spec.name: "bb" must match ^a"#]),
            (#"{"name":"aa"}"#, ["spec: exactly one of left, right is needed"]),
            (
                #"{"name":"aa","left":"x","right":"y"}"#,
                ["spec: only one of left, right may be set, not left and right"]
            ),
            (
                #"{"name":"aa","left":"x","up":true,"down":false}"#,
                ["spec: only one of up, down may be set, not up and down"]
            ),
            (#"{"name":"aa","left":"x","count":0}"#, ["spec.count: must be at least 1, not 0"]),
            (#"{"name":"aa","left":"x","count":10}"#, ["spec.count: must be at most 9, not 10"]),
            (#"{"name":"aa","left":"x","count":"1"}"#, ["spec.count: must be of type integer, not string"]),
            (#"{"name":"aa","left":"x","count":1.5}"#, ["spec.count: must be of type integer, not number"]),
            (#"{"name":7,"left":"x"}"#, ["spec.name: must be of type string, not integer"]),
            (#"{"name":"aa","left":"x","parts":[]}"#, ["spec.parts: must have at least 1 elements"]),
            (
                #"{"name":"aa","left":"x","parts":[{"id":"a"},{"id":"b"},{"id":"a"}]}"#,
                ["spec.parts: must have at most 2 elements, not 3", "spec.parts[2]: duplicates an earlier element"]
            ),
            (#"{"name":"aa","left":"x","parts":[{"size":1}]}"#, ["spec.parts[0].id: is required"]),
            (
                #"{"name":"aa","left":"x","tags":["a","a","long"]}"#,
                ["spec.tags[1]: duplicates an earlier element", "spec.tags[2]: must have at most 3 characters, not 4"]
            ),
            (
                #"{"name":"aa","left":"x","words":{"a":"b","c":"d","e":"long"}}"#,
                ["spec.words: must have at most 2 members", "spec.words[e]: must have at most 3 characters, not 4"]
            ),
            (#"{"name":"aa","left":"x","color":"blue"}"#, [#"spec.color: must be one of red, green, not "blue""#]),
            (#"{"name":"aa","left":"x","free":[]}"#, ["spec.free: must be of type object, not array"]),
            (#"[]"#, ["spec: must be of type object, not array"]),
        ] as [(String, [String])]
    )
    func aValueIsRefusedWithFieldAndReason(text: String, expected: [String]) throws {
        #expect(try problems(text) == expected)
    }

    @Test func unknownMembersAreReportedWhereAskedForAndKeptWhereFree() throws {
        let text = #"{"name":"aa","left":"x","nmae":1,"parts":[{"id":"a","sze":1}],"free":{"any":{"thing":1}}}"#
        #expect(try problems(text).isEmpty)
        #expect(try problems(text, strict: true) == ["spec.nmae: unknown field", "spec.parts[0].sze: unknown field"])
    }

    @Test func intOrStringIsEitherWithinItsLimit() throws {
        var schema = OpenAPISchema(nil)
        schema.isIntOrString = true
        schema.maxLength = 3
        for (value, count) in [(1, 0), ("25%", 0), ("1000", 1), (true, 1), ([1], 1)] as [(JSONValue, Int)] {
            #expect(schema.problems(with: value) { _, _ in true }.count == count, "\(value)")
        }
    }

    @Test func whatIsStoredHasDefaultsAndNothingUnknown() throws {
        let value = try JSONValue(
            parsing:
                #"{"name":"aa","x":1,"parts":[{"id":"a","y":2},{"id":"b","size":9}],"words":{"a":"b"},"free":{"z":{"q":1}}}"#
        )
        #expect(
            Sample.schema.stored(value) == [
                "name": "aa", "count": 5, "parts": [["id": "a", "size": 3], ["id": "b", "size": 9]],
                "words": ["a": "b"],
                "free": ["z": ["q": 1]],
            ]
        )
        #expect(Sample.schema.stored(value, prunes: false)["x"] == 1)
    }

    @Test func nullIsStoredAsTheDefault() {
        #expect(Sample.schema.stored(["count": .null])["count"] == 5)
        #expect(Sample.schema.stored(["count": 1])["count"] == 1)
    }

    @Test func theDocumentIsStructural() {
        let json = Sample.schema.json
        #expect(json["type"] == "object")
        #expect(json["description"] == "A sample.")
        #expect(json["required"] == ["name"])
        #expect(
            json["properties"]?["name"]
                == ["type": "string", "description": "A name.", "minLength": 2, "maxLength": 4, "pattern": "^a"]
        )
        #expect(
            json["properties"]?["count"] == [
                "type": "integer", "format": "int64", "description": "A count.", "minimum": 1, "maximum": 9,
                "default": 5,
            ]
        )
        #expect(json["properties"]?["parts"]?["x-kubernetes-list-type"] == "map")
        #expect(json["properties"]?["parts"]?["x-kubernetes-list-map-keys"] == ["id"])
        #expect(json["properties"]?["parts"]?["items"]?["description"] == "A part.")
        #expect(json["properties"]?["words"]?["additionalProperties"] == ["type": "string", "maxLength": 3])
        #expect(json["properties"]?["free"]?["x-kubernetes-preserve-unknown-fields"] == true)
        #expect(json["properties"]?["color"]?["enum"] == ["red", "green"])
        // Two unions need two groups.
        #expect(json["allOf"]?[0]?["oneOf"] == [["required": ["left"]], ["required": ["right"]]])
        #expect(
            json["allOf"]?[1]?["oneOf"] == [
                ["required": ["up"]], ["required": ["down"]],
                ["not": ["anyOf": [["required": ["up"]], ["required": ["down"]]]]],
            ]
        )
        #expect(
            json["x-kubernetes-validations"]?[0]
                == [
                    "rule": "(has(self.left) ? 1 : 0) + (has(self.right) ? 1 : 0) == 1",
                    "message": "exactly one of left, right is needed",
                ]
        )
        #expect(json["x-kubernetes-validations"]?.array?.count == 3)
    }

    @Test func aTypeReadsWhatItWrites() throws {
        var sample = Sample()
        sample.name = "aa"
        sample.left = ""
        sample.parts = [Part()]
        sample.free = ["a": [1, .null]]
        sample.color = .green
        #expect(try Sample(json: sample.json) == sample)
        #expect(
            sample.json == [
                "name": "aa", "left": "", "count": 1, "parts": [["id": "", "size": 0]], "free": ["a": [1, .null]],
                "color": "green",
            ]
        )
    }

    @Test func anUnknownEnumerationValueNamesAllOfThem() {
        let error = #expect(throws: JSONError.self) { try Sample(parsing: Array(#"{"color":"blue"}"#.utf8)) }
        #expect(error?.description == #"color: must be one of red, green, not "blue""#)
    }

    @Test func aRequiredMemberThatIsMissingOrNullIsRefused() {
        for text in ["{}", #"{"name":null}"#] {
            let error = #expect(throws: JSONError.self) { try Sample(parsing: Array(text.utf8)) }
            #expect(error?.description == "name: is required")
        }
    }
}
