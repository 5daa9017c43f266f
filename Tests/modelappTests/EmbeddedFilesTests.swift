import JSON
import KubernetesAPI
import Foundation
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing
@testable import modelapp

/// What is embedded in the program is what lies in the repository.
@Suite struct EmbeddedFilesTests {
    private func committed(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func theDemoAppliesTheCommittedTutorial() throws {
        #expect(try committed("manifests/examples/tutorial.yaml") == Tutorial.text)
    }

    @Test func theCommittedDefinitionIsTheOneThatCrdPrints() throws {
        #expect(try committed("crds/modelapps.modelapp.dev.yaml") == YAML.text(of: ModelAppDefinition.document))
    }

    /// Every object that is offered for copying can be carried out as it stands, by the schema and by the planner.
    @Test(arguments: ["tutorial", "nightly", "verified"])
    func anExampleIsAModelAppThatThisVersionActsOn(_ name: String) throws {
        let path = Program.repository + "/manifests/examples/\(name).yaml"
        let apps = try ManifestFile.modelApps(path)
        let app = try #require(apps.first)
        #expect(apps.count == 1)
        #expect(app.metadata.name == "image-classifier")
        #expect(app.spec.delivery.mode == .baked)
        let check = SpecCheck(app)
        #expect(check.isUsable, "\(check.problems) \(check.unsupported)")
    }

    /// What the checks of the example send is in the file as well.
    @Test func theChecksOfTheExampleFindTheirInput() throws {
        let documents = try YAML.documents(Array(committed("manifests/examples/verified.yaml").utf8))
        let maps = documents.filter { $0["kind"] == "ConfigMap" }
        let path = Program.repository + "/manifests/examples/verified.yaml"
        let app = try #require(try ManifestFile.modelApps(path).first)
        let checks = app.spec.rollout.verify
        #expect(checks.map(\.http?.path) == ["/version", "/score"])
        #expect(checks.map(\.http?.method) == ["GET", "POST"])
        let body = try #require(checks.last?.http?.bodyFrom).configMapKeyRef
        let map = try #require(maps.first { $0["metadata"]?["name"]?.string == body.name })
        #expect(map["metadata"]?["namespace"]?.string == app.metadata.namespace)
        let text = try #require(map["data"]?[body.key]?.string)
        #expect(try JSONValue(parsing: text)["input"]?.string?.hasPrefix("https://") == true)
    }

    @Test func theTutorialIsAValidModelApp() throws {
        let document = try #require(YAML.documents(Array(Tutorial.text.utf8)).first)
        let app = try ModelApp(parsing: document.canonicalBytes)
        #expect(app.metadata.name == "image-classifier")
        #expect(app.spec.model.objects == ["ResNet_152.model", "synset.txt"])
    }
}
