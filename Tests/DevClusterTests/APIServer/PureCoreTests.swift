@testable import DevCluster
import HTTPTypes
import JSON
import KubernetesAPI
import TestSupport
import Testing

@Suite("The parts of the embedded API server that are plain values")
struct PureCoreTests {
    @Test(arguments: [
        ("1000m", "1"), ("0.1", "100m"), ("100m", "100m"), ("1.5Gi", "1536Mi"), ("1024Mi", "1Gi"), ("1023Mi", "1023Mi"),
        ("1e3", "1e3"), ("1000", "1k"), ("1500", "1500"), ("0.000000001", "1n"), ("0.0000000001", "1n"), ("-5", "-5"),
        ("+5", "5"), ("0.0", "0"), ("5.", "5"), (".5", "500m"), ("1E", "1E"), ("1E2", "100"), ("2e0", "2"),
        ("0Gi", "0"),
        ("0.5Ki", "512"), ("99999999999999999999", "99999999999999999999"),
    ])
    func quantitiesAreCanonical(_ given: String, _ canonical: String) {
        #expect(Quantity(given)?.text == canonical)
        #expect(Quantity(canonical)?.text == canonical)
    }

    @Test(arguments: ["", "m", "1 ", "1x", "1.2.3", "--1", "1Gib", "1e99", "e3", "."])
    func whatIsNoQuantityIsRefused(_ text: String) { #expect(Quantity(text) == nil) }

    @Test func fieldSetsKeepTheLawsOfSets() async {
        func random(_ generator: inout SplitMix64, depth: Int) -> FieldSet {
            var set = FieldSet()
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let name = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
                let element: PathElement =
                    Bool.random(using: &generator)
                    ? .field(name) : .key(["name": .string(name), "port": 80])
                if depth > 0, Bool.random(using: &generator) {
                    set.insert(random(&generator, depth: depth - 1), below: element)
                } else {
                    set.members.insert(element)
                }
            }
            return set
        }
        for seed in 0..<500 as Range<UInt64> {
            var generator = SplitMix64(seed: seed)
            let (first, second) = (random(&generator, depth: 3), random(&generator, depth: 3))
            #expect(FieldSet(json: first.json) == first, "seed \(seed)")
            #expect(first.union(second) == second.union(first), "seed \(seed)")
            #expect(first.intersection(second) == second.intersection(first), "seed \(seed)")
            #expect(first.difference(second).union(first.intersection(second)) == first, "seed \(seed)")
            #expect(first.difference(second).intersection(second).isEmpty, "seed \(seed)")
            #expect(Set(first.union(second).paths) == Set(first.paths).union(second.paths), "seed \(seed)")
        }
    }

    @Test func comparingAndMergingAgree() throws {
        let type = BuiltInTypes.table(.current)["PodSpec"]
        let old: JSONValue = [
            "containers": [["name": "a", "image": "1"], ["name": "b", "image": "1"]], "hostname": "h",
        ]
        let config: JSONValue = ["containers": [["name": "b", "image": "2"], ["name": "c", "image": "1"]]]
        let live = TypedValue(value: old, schema: type)
        let merged = try live.merging(config)
        #expect(
            merged == [
                "containers": [
                    ["name": "a", "image": "1"], ["name": "b", "image": "2"], ["name": "c", "image": "1"],
                ],
                "hostname": "h",
            ]
        )
        let comparison = live.compared(with: merged)
        #expect(comparison.modified.paths.map { $0.map(\.text).joined() } == [#".containers[name="b"].image"#])
        #expect(comparison.removed.isEmpty)
        #expect(comparison.added.contains([.field("containers"), .key(["name": "c"]), .field("image")]))
        #expect(live.compared(with: old).isSame)
    }

    @Test func aPatchThatGrowsWithoutBoundIsRefused() throws {
        var operations: [JSONValue] = [["op": "add", "path": "/a", "value": ["x": [1, 2, 3]]]]
        for index in 0..<60 { operations.append(["op": "copy", "from": "", "path": .string("/c\(index)")]) }
        let patch = try JSONPatch(.array(operations))
        #expect(throws: JSONPatch.Failure.self) { try patch.applied(to: .object([:])) }
        // Deep, not broad.
        var deep: [JSONValue] = []
        for _ in 0..<JSONReader.maximumDepth { deep.append(["op": "copy", "from": "", "path": "/a"]) }
        let deepPatch = try JSONPatch(.array(deep))
        #expect(throws: JSONPatch.Failure.self) { try deepPatch.applied(to: .object([:])) }
    }

    @Test(arguments: [
        (#"[{"op":"add","path":"/a/1","value":9}]"#, #"{"a":[1,9,2]}"#),
        (#"[{"op":"add","path":"/a/-","value":9}]"#, #"{"a":[1,2,9]}"#),
        (#"[{"op":"remove","path":"/a/0"}]"#, #"{"a":[2]}"#),
        (#"[{"op":"replace","path":"/a/1","value":null}]"#, #"{"a":[1,null]}"#),
        (#"[{"op":"add","path":"","value":{"b":1}}]"#, #"{"b":1}"#),
        (#"[{"op":"test","path":"/a","value":[1,2]},{"op":"move","from":"/a/0","path":"/a/1"}]"#, #"{"a":[2,1]}"#),
    ])
    func jsonPatchesFollowTheirStandard(_ patch: String, _ result: String) throws {
        let document = try JSONValue(parsing: #"{"a":[1,2]}"#)
        #expect(try JSONPatch(JSONValue(parsing: patch)).applied(to: document) == JSONValue(parsing: result))
    }

    @Test(arguments: [
        #"[{"op":"remove","path":"/a/2"}]"#, #"[{"op":"add","path":"/a/3","value":1}]"#,
        #"[{"op":"add","path":"/x/y","value":1}]"#, #"[{"op":"replace","path":"/b","value":1}]"#,
        #"[{"op":"test","path":"/a","value":[1]}]"#, #"[{"op":"add","path":"/a/-1","value":1}]"#,
        #"[{"op":"fly","path":"/a"}]"#, #"[{"op":"copy","from":"/zz","path":"/a"}]"#,
    ])
    func whatDoesNotFitIsRefused(_ patch: String) throws {
        let document = try JSONValue(parsing: #"{"a":[1,2]}"#)
        #expect(throws: JSONPatch.Failure.self) { try JSONPatch(JSONValue(parsing: patch)).applied(to: document) }
    }

    @Test func strategicPatchesKnowTheirDirectives() throws {
        let type = BuiltInTypes.table(.current)["PodSpec"]
        let document: JSONValue = [
            "containers": [["name": "a", "image": "1"], ["name": "b", "image": "2"]],
            "nodeSelector": ["x": "1", "y": "2"], "tolerations": [["key": "k"]],
        ]
        func patched(_ patch: JSONValue) throws -> JSONValue {
            try StrategicMergePatch.apply(patch, to: document, type)
        }
        #expect(
            try patched(["containers": [["$patch": "replace"], ["name": "c"]]])["containers"] == [["name": "c"]]
        )
        #expect(try patched(["nodeSelector": ["$patch": "replace", "z": "3"]])["nodeSelector"] == ["z": "3"])
        #expect(try patched(["nodeSelector": ["$retainKeys": ["x"], "x": "9"]])["nodeSelector"] == ["x": "9"])
        #expect(try patched(["tolerations": [["key": "n"]]])["tolerations"] == [["key": "n"]])
        let ordered = try patched([
            "$setElementOrder/containers": [["name": "b"], ["name": "a"]], "containers": [["name": "a", "image": "9"]],
        ])
        #expect(ordered["containers"] == [["name": "b", "image": "2"], ["name": "a", "image": "9"]])
        #expect(ordered["$setElementOrder/containers"] == nil)
        #expect(throws: StrategicMergePatch.Failure.self) { try patched(["containers": [["image": "no name"]]]) }
    }

    @Test(arguments: [
        (".spec.size", "4"), (#".status.conditions[?(@.type=="Ready")].status"#, "\"True\""),
        (".spec.list[1]", "\"b\""), (".spec.list[-1]", "\"b\""), (".spec.list[*]", "\"a\""),
        (#".metadata.annotations.example\.com/x"#, "\"v\""), (".metadata.annotations['example.com/x']", "\"v\""),
        ("{.spec.size}", "4"),
    ])
    func columnsFindTheirValues(_ path: String, _ found: String) throws {
        let object = try JSONValue(
            parsing: #"""
                {"spec":{"size":4,"list":["a","b"]},"metadata":{"annotations":{"example.com/x":"v"}},
                 "status":{"conditions":[{"type":"Other","status":"No"},{"type":"Ready","status":"True"}]}}
                """#
        )
        #expect(JSONPath(path)?.values(in: object).first?.canonicalText == found)
    }

    @Test(arguments: [".a[", ".a[?(@.b)]", "a b", ".a[x]"])
    func whatIsNoPathIsRefused(_ path: String) { #expect(JSONPath(path) == nil) }

    @Test(arguments: ["a in", "a in (", "a in (b", "a notin b", "=b", "a,,b", "a b", "!", "a=b,"])
    func whatIsNoLabelSelectorIsRefused(_ text: String) { #expect(LabelSelector(text) == nil) }

    @Test func everyBuiltInKindIsInTheTable() {
        for profile in APIServerProfile.allCases {
            let table = BuiltInTypes.table(profile)
            for definition in BuiltInResources.all(profile) where definition.name != CustomResourceKinds.name {
                #expect(definition.schema.fields["metadata"] != nil, "\(definition.kind)")
            }
            // Every name that a definition uses is defined: a missing one would be taken for any value.
            for (name, schema) in table.all {
                for (field, type) in schema.fields {
                    let bottom = type.element?.element ?? type.element ?? type
                    #expect(!(bottom === TypeSchema.atomic), "\(name).\(field)")
                }
            }
        }
    }

    @Test func whatCameLaterIsUnknownTo1_20() {
        #expect(BuiltInTypes.table(.v1_20)["Volume"].fields["image"] == nil)
        #expect(BuiltInTypes.table(.current)["Volume"].fields["image"] != nil)
        #expect(BuiltInTypes.table(.v1_20)["PodSpec"].fields["nodeSelector"]?.merge == .granular)
        #expect(BuiltInTypes.table(.current)["PodSpec"].fields["nodeSelector"]?.merge == .atomic)
    }

    @Test func aListAsItWasIsRebuiltFromHistory() {
        for seed in 0..<50 as Range<UInt64> {
            var generator = SplitMix64(seed: seed)
            var store = ObjectStore(historyLimit: 1000)
            let name = ResourceName(group: "", plural: "things")
            var states: [Int64: Int] = [store.revision: 0]
            for _ in 0..<60 {
                let key = ObjectKey(name: "k\(Int.random(in: 0..<5, using: &generator))")
                if Bool.random(using: &generator) {
                    _ = store.put(name, key, ["metadata": ["name": .string(key.name)]])
                } else {
                    store.remove(name, key)
                }
                states[store.revision] = store.objects(name).values.map(\.canonicalText).sorted().hashValue
                if store.objects(name).isEmpty { states[store.revision] = 0 }
            }
            for (revision, state) in states {
                let objects = store.objects(name, at: revision) ?? [:]
                let hash = objects.isEmpty ? 0 : objects.values.map(\.canonicalText).sorted().hashValue
                #expect(hash == state, "seed \(seed), version \(revision)")
            }
        }
    }

    @Test func theTokenOfAListSurvivesItsText() {
        let token = ContinueToken(version: 42, start: ObjectKey(namespace: "n", name: "a/b"))
        #expect(ContinueToken(token.text) == token)
        #expect(ContinueToken("") == nil)
        #expect(ContinueToken("e30") == nil)
    }

    @Test(
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
            (11_000, "3h3m"), (28_800, "8h"), (172_800, "2d"), (180_000, "2d2h"), (691_200, "8d"), (63_072_000, "2y"),
        ] as [(Int64, String)]
    )
    func agesReadAsKubectlPrintsThem(_ seconds: Int64, _ text: String) {
        #expect(PrinterColumn.humanized(seconds: seconds) == text)
    }
}
