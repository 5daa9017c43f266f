import JSON
import KubernetesAPI
import Foundation
import KubernetesClient
import ModelAppAPI
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

    @Test func theTutorialIsAValidModelApp() throws {
        let document = try #require(YAML.documents(Array(Tutorial.text.utf8)).first)
        let app = try ModelApp(parsing: document.canonicalBytes)
        #expect(app.metadata.name == "image-classifier")
        #expect(app.spec.model.objects == ["ResNet_152.model", "synset.txt"])
    }
}
