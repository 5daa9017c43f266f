import Foundation
import JSON
import ModelAppAPI
import Testing

/// The CustomResourceDefinition as a server takes it: a structural schema, bounded, described.
@Suite(.timeLimit(.minutes(1)))
struct DefinitionTests {
    private static let version = ModelAppDefinition.document["spec"]?["versions"]?[0] ?? .null
    private static let schema = version["schema"]?["openAPIV3Schema"] ?? .null

    private func forEachNode(_ body: (String, JSONValue) -> Void) {
        func walk(_ path: String, _ node: JSONValue) {
            body(path, node)
            for (name, property) in node["properties"]?.object ?? [:] {
                walk(path.isEmpty ? name : "\(path).\(name)", property)
            }
            if let items = node["items"] { walk("\(path)[]", items) }
            if let values = node["additionalProperties"] { walk("\(path){}", values) }
        }
        walk("", Self.schema)
    }

    @Test func everyNodeHasATypeOrIsIntOrString() {
        let types: [JSONValue] = ["object", "array", "string", "integer", "number", "boolean"]
        forEachNode { path, node in
            let isIntOrString = node["x-kubernetes-int-or-string"] == true
            #expect(types.contains(node["type"] ?? .null) != isIntOrString, "\(path)")
        }
    }

    @Test func everyMemberIsDescribed() {
        forEachNode { path, node in
            guard !path.hasSuffix("[]"), !path.hasSuffix("{}"), path != "metadata" else { return }
            let description = node["description"]?.string ?? ""
            #expect(description.count > 4, "\(path)")
            #expect(description.hasSuffix(".") || description.hasSuffix(")"), "\(path): \(description)")
            #expect(description.first?.isUppercase == true, "\(path): \(description)")
        }
    }

    @Test func everyListSaysHowItMergesAndHowLongItGets() {
        forEachNode { path, node in
            guard node["type"] == "array" else { return }
            #expect(node["maxItems"] != nil, "\(path)")
            #expect(node["items"] != nil, "\(path)")
            switch node["x-kubernetes-list-type"] {
            case "map":
                let keys = node["x-kubernetes-list-map-keys"]?.array ?? []
                #expect(!keys.isEmpty, "\(path)")
                for key in keys {
                    #expect(node["items"]?["required"]?.array?.contains(key) == true, "\(path): \(key) is not required")
                    #expect(node["items"]?["properties"]?[key.string ?? ""] != nil, "\(path): \(key) is not declared")
                }
            case "set": #expect(node["items"]?["type"] == "string", "\(path)")
            case "atomic": break
            default: Issue.record("\(path) has no list type")
            }
        }
    }

    @Test func everyTextAndEveryMapIsBounded() {
        forEachNode { path, node in
            if node["type"] == "string" || node["x-kubernetes-int-or-string"] == true {
                #expect(node["enum"] != nil || node["maxLength"] != nil, "\(path)")
            }
            if node["additionalProperties"] != nil { #expect(node["maxProperties"] != nil, "\(path)") }
        }
    }

    @Test func everyPatternIsAnchored() {
        forEachNode { path, node in
            guard let pattern = node["pattern"]?.string else { return }
            #expect(pattern.hasPrefix("^") || pattern.hasSuffix("$"), "\(path)")
        }
    }

    @Test func nothingIsBothRequiredAndDefaulted() {
        forEachNode { path, node in
            for name in node["required"]?.array?.compactMap(\.string) ?? [] {
                #expect(node["properties"]?[name] != nil, "\(path).\(name) is not declared")
                #expect(node["properties"]?[name]?["default"] == nil, "\(path).\(name)")
            }
        }
    }

    /// apiextensions: inside allOf, anyOf, oneOf and not a structural schema may only narrow.
    @Test func unionsOnlyNarrow() {
        func check(_ path: String, _ node: JSONValue) {
            for (name, value) in node.object ?? [:] {
                switch name {
                case "required": break
                case "not": check(path, value)
                case "allOf", "anyOf", "oneOf": for branch in value.array ?? [] { check(path, branch) }
                default: Issue.record("\(path): \(name) inside a union")
                }
            }
        }
        var unions = 0
        forEachNode { path, node in
            for name in ["allOf", "anyOf", "oneOf"] {
                for branch in node[name]?.array ?? [] {
                    unions += 1
                    check(path, branch)
                }
            }
        }
        #expect(unions > 20)
    }

    @Test func everyRuleNamesMembersThatAreThere() {
        var rules = 0
        forEachNode { path, node in
            for rule in node["x-kubernetes-validations"]?.array ?? [] {
                let text = rule["rule"]?.string ?? ""
                #expect(rule["message"]?.string?.isEmpty == false, "\(path)")
                for match in text.matches(of: /self\.([A-Za-z0-9]+)/) {
                    rules += 1
                    #expect(node["properties"]?[String(match.1)] != nil, "\(path): \(match.0)")
                }
            }
        }
        #expect(rules > 20)
    }

    /// The server knows metadata by itself and refuses a definition that says more of it than the name's limits, a
    /// description for instance (seen on 1.20: "must not specify anything other than name and generateName").
    @Test func ofTheMetadataOnlyTheNameIsLimited() {
        let metadata = Self.schema["properties"]?["metadata"]
        #expect(Set(metadata?.object?.keys.map { $0 } ?? []) == ["type", "properties"])
        #expect(Set(metadata?["properties"]?.object?.keys.map { $0 } ?? []) == ["name"])
    }

    @Test func nobodyTakesANewObjectForReady() {
        #expect(Self.schema["properties"]?["status"]?["default"] == ["observedGeneration": -1])
        #expect(Self.version["subresources"]?["status"] == [:])
    }

    @Test func everyColumnShowsAMemberThatIsThere() throws {
        for column in Self.version["additionalPrinterColumns"]?.array ?? [] {
            let path = try #require(column["jsonPath"]?.string)
            if path == ".metadata.creationTimestamp" { continue }
            var node = Self.schema
            for step in path.dropFirst().split(separator: ".") where !step.hasPrefix("type==") {
                let name = String(step.prefix { $0 != "[" })
                if name.hasPrefix("@") || name.contains("\"") { continue }
                node = try #require(node["properties"]?[name], "\(path): \(name)")
                if step.contains("[") { node = try #require(node["items"], "\(path)") }
            }
            #expect(node["type"] == "string", "\(path)")
            #expect(column["description"]?.string?.isEmpty == false)
        }
    }

    @Test func theColumnsAreThoseOfTheDesign() {
        let columns = Self.version["additionalPrinterColumns"]?.array ?? []
        #expect(
            columns.filter { $0["priority"] == nil }.compactMap { $0["name"]?.string }
                == ["READY", "CODE", "MODEL", "PHASE", "PENDING", "AGE"]
        )
        #expect(
            columns.filter { $0["priority"] == 1 }.compactMap { $0["name"]?.string }
                == ["STATUS", "DIGEST", "REVISION", "NEXT-WINDOW", "URL"]
        )
    }

    @Test func theDefinitionFitsIntoAnAnnotationOfKubectlApply() {
        #expect(ModelAppDefinition.document.canonicalBytes.count < 256 << 10)
    }

    @Test func theNamesAreThoseOfTheDesign() {
        let document = ModelAppDefinition.document
        #expect(document["metadata"]?["name"] == "modelapps.modelapp.dev")
        #expect(document["metadata"]?["annotations"]?["helm.sh/resource-policy"] == "keep")
        #expect(document["spec"]?["names"]?["shortNames"] == ["ma"])
        #expect(document["spec"]?["scope"] == "Namespaced")
        #expect(Self.version["name"] == "v1alpha1")
    }
}
