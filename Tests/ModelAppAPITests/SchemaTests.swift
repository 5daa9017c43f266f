import Foundation
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import Selection
import TestSupport
import Testing

/// The schema and the Swift types say the same.
@Suite(.timeLimit(.minutes(1)))
struct SchemaTests {
    private static var typeSchema: OpenAPISchema {
        var schema = ModelApp.schema
        schema.properties["metadata"] = nil
        return schema
    }

    @Test func everyMemberOfTheSchemaIsReadAndWritten() throws {
        let document = SchemaSample.full(Self.typeSchema)
        let app = try ModelApp(json: document)
        var written = app.json
        written["metadata"] = nil
        #expect(written == document)
    }

    @Test func aChangeOfAnyLeafChangesTheValueOrIsRefused() throws {
        let schema = Self.typeSchema
        let document = SchemaSample.full(schema)
        let app = try ModelApp(json: document)
        let leaves = SchemaSample.leaves(document)
        #expect(leaves.count > 180)
        var refused: [String] = []
        for path in leaves {
            let name = path.joined(separator: ".")
            let value = try #require(document.value(at: path[...]), "\(name)")
            let other = SchemaSample.mutated(value, SchemaSample.schema(schema, at: path[...]))
            #expect(other != value, "\(name) is not changed")
            var changed = document
            changed.replace(path[...], with: other)
            #expect(changed != document, "\(name) is not changed")
            guard let read = try? ModelApp(json: changed) else {
                refused.append(name)
                continue
            }
            #expect(read != app, "\(name) is not read")
        }
        // Where everything is refused nothing is proved. This member has one value only.
        #expect(refused == ["spec.compatibility.0.modelField"], "of \(leaves.count)")
    }

    /// Every leaf of the schema is in the sample, so that no change is forgotten.
    @Test func theSampleHasEveryLeafOfTheSchema() {
        var missing: [String] = []
        func walk(_ schema: OpenAPISchema, _ value: JSONValue?, _ path: String) {
            guard let value else { return missing.append(path) }
            for (name, property) in schema.properties { walk(property, value[name], "\(path).\(name)") }
            if let items = schema.items { walk(items, value[0], path + "[0]") }
            if let values = schema.additionalProperties { walk(values, value["key"], path + ".key") }
        }
        walk(Self.typeSchema, SchemaSample.full(Self.typeSchema), "")
        #expect(missing == [])
    }

    /// Members whose name in Swift is not that in JSON.
    private static let renamed = ["templateText": "template", "halves": "for", "period": "for"]

    /// A member of a Swift type that its table does not declare would stay at its default, whatever a user writes.
    @Test func everyStoredMemberOfTheTypesIsInTheSchema() throws {
        var seen: Set<String> = []
        func walk(_ value: Any, _ schema: OpenAPISchema?, _ path: String) {
            let mirror = Mirror(reflecting: value)
            switch mirror.displayStyle {
            case .optional: for child in mirror.children { walk(child.value, schema, path) }
            case .collection: for child in mirror.children { walk(child.value, schema?.items, path + "[]") }
            case .struct where value is any APIObject:
                seen.insert("\(mirror.subjectType)")
                let properties = schema?.properties ?? [:]
                var members: Set<String> = []
                for child in mirror.children {
                    guard let label = child.label else { continue }
                    // A name that JSON has too is no other name.
                    let name = properties[label] == nil ? Self.renamed[label] ?? label : label
                    members.insert(name)
                    walk(child.value, properties[name], "\(path).\(name)")
                }
                #expect(members == Set(properties.keys), "\(mirror.subjectType) at \(path)")
            default: break
            }
        }
        let app = try ModelApp(json: SchemaSample.full(Self.typeSchema))
        walk(app.spec, ModelAppSpec.schema, ".spec")
        walk(app.status, ModelAppStatus.schema, ".status")
        #expect(seen.count > 40, "\(seen.sorted())")
    }

    @Test func everyLeafOfAWrongKindIsRefusedByItsPath() throws {
        let document = SchemaSample.full(Self.typeSchema)
        for path in SchemaSample.leaves(document) {
            guard let value = document.value(at: path[...]), value != [:], !path.contains("free") else { continue }
            var changed = document
            changed.replace(path[...], with: [[]])
            let error = #expect(throws: JSONError.self) { try ModelApp(json: changed) }
            #expect(error?.path.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "[]")) } == path)
        }
    }

    @Test func theServersDefaultsAreThoseOfTheTypes() throws {
        var schema = Self.typeSchema
        // Before anybody looked the server says -1, which no writer does.
        schema.properties["status"]?.defaultValue = nil
        let document = SchemaSample.objectsOnly(schema)
        let stored = schema.stored(document)
        #expect(stored != document)
        #expect(try ModelApp(json: stored) == ModelApp(json: document))
    }

    @Test func everyDefaultIsValidByItsOwnSchema() {
        forEachSchema { path, schema in
            guard let value = schema.defaultValue else { return }
            let found = schema.problems(with: value, at: path, refusesUnknown: true) { pattern, text in
                (try? Pattern(pattern))?.matches(text) ?? false
            }
            #expect(found.isEmpty)
        }
    }

    @Test func everyPatternCompiles() {
        forEachSchema { path, schema in
            guard let pattern = schema.pattern else { return }
            #expect(throws: Never.self, "\(path)") { try Pattern(pattern) }
        }
    }

    private static let period = Period.schema.pattern.flatMap { try? Pattern($0) }

    /// What a server may have stored must be readable, or the operator would be blind for the object.
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func everyPeriodThatTheSchemaTakesIsRead(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let pattern = try #require(Self.period)
        var accepted = 0
        for _ in 0..<40 {
            let text = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                let digits = (0..<Int.random(in: 1...9, using: &generator)).map { _ in "9" }.joined()
                let fraction = Bool.random(using: &generator) ? ".99" : ""
                return digits + fraction + (["h", "m", "s", "ms"].randomElement(using: &generator) ?? "")
            }.joined()
            guard pattern.matches(text), text.count <= 64 else { continue }
            accepted += 1
            let period = try Period(parsing: JSONValue.string(text).canonicalBytes)
            guard period.duration < .seconds(100_000 * 3600) else { continue }
            #expect(pattern.matches(period.description), "\(text) prints as \(period)")
        }
        #expect(accepted > 0)
    }

    @Test(arguments: ["1s", "90s", "1h30m", "1.5h", "1m1500ms", "99999h999999m99999999s999999999ms", "0.000000001s"])
    func aPeriodIsWrittenAsGoDoes(text: String) throws {
        let pattern = try #require(Self.period)
        #expect(pattern.matches(text))
        #expect(throws: Never.self) { try Period(parsing: JSONValue.string(text).canonicalBytes) }
    }

    @Test func theFileIsTheOneThatTheTypesMake() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../crds/modelapps.modelapp.dev.yaml").standardizedFileURL
        let stored = try YAML.document(Array(try Data(contentsOf: file)))
        #expect(stored == ModelAppDefinition.document, "crds/ is out of date: make crd")
    }

    private func forEachSchema(_ body: (String, OpenAPISchema) -> Void) {
        func walk(_ path: String, _ schema: OpenAPISchema) {
            body(path, schema)
            for (name, property) in schema.properties { walk("\(path).\(name)", property) }
            if let items = schema.items { walk("\(path)[]", items) }
            if let values = schema.additionalProperties { walk("\(path){}", values) }
        }
        walk("", ModelAppDefinition.schema)
    }
}
