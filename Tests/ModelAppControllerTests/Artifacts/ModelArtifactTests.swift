import Artifacts
import ContainerRegistry
import JSON
import TestSupport
import Testing

@testable import ModelAppController

/// Which manifests are models, and of which files.
@Suite struct ModelArtifactTests {
    private func artifact(_ artifact: TestArtifact) throws -> ModelArtifact {
        let bytes = artifact.manifest
        let manifest = try Manifest(bytes, digest: Digest(artifact.digest), contentType: nil, about: "test")
        return try ModelArtifact(manifest)
    }

    private func refusal(_ layers: [TestArtifact.Layer], configuration: String? = nil) -> String? {
        var made = TestArtifact(layers: layers)
        if let configuration { made.configurationType = configuration }
        do {
            _ = try artifact(made)
            return nil
        } catch let unusable as ModelArtifact.Unusable {
            return unusable.reason
        } catch {
            return "another error: \(error)"
        }
    }

    @Test func theNamesOfORASAndModelPackAreFilesAndPartsOfModelKitsAreArchives() throws {
        let made = TestArtifact(layers: [
            .oras("weights/a.bin", [1, 2]), .modelPack("config.json", [3]), .modelKit([4, 5, 6]),
        ])
        let artifact = try artifact(made)
        #expect(artifact.layers.map(\.path) == ["weights/a.bin", "config.json", nil])
        #expect(artifact.layers.map(\.size) == [2, 1, 3])
        #expect(artifact.digest.description == made.digest)
        #expect(artifact.bytes == 6 && artifact.hasArchives)
    }

    /// A file may be compressed by whoever pushed it, and stays so.
    @Test func aFileWithANameIsTakenAsItIs() throws {
        var layer = TestArtifact.Layer.oras("model.tar.gz", [31, 139])
        layer.mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
        #expect(try artifact(TestArtifact(layers: [layer])).layers.map(\.path) == ["model.tar.gz"])
    }

    @Test func whatIsNoModelSaysWhy() {
        let file = TestArtifact.Layer.oras("a", [1])
        var folder = file
        folder.annotations["io.deis.oras.content.unpack"] = "true"
        var compressed = TestArtifact.Layer.modelKit([1])
        compressed.mediaType += "+gzip"
        let nameless = TestArtifact.Layer(bytes: [1], mediaType: "application/octet-stream")
        #expect(refusal([])?.contains("no layers") == true)
        #expect(refusal([file, .oras("a", [2])])?.contains("two of its layers") == true)
        #expect(refusal([file, .oras("a/b", [2])])?.contains("a folder in") == true)
        #expect(refusal([folder])?.contains("pushed as a folder") == true)
        #expect(refusal([compressed])?.contains("is compressed") == true)
        #expect(refusal([file, nameless])?.contains("has no name") == true)
        let image = "application/vnd.oci.image.config.v1+json"
        let layer = TestArtifact.Layer(bytes: [1], mediaType: "application/vnd.oci.image.layer.v1.tar")
        #expect(refusal([layer], configuration: image)?.contains("an image of a container") == true)
    }

    @Test(arguments: ["../evil", "/etc/passwd", "a/../../b", "a//b", "", "a\\b", "a\u{7}b", "./a"])
    func aNameThatLeavesItsFolderMakesItUnusable(_ name: String) {
        #expect(refusal([.oras(name, [1])])?.contains("no name below a folder") == true)
        #expect(refusal([.modelPack(name, [1])])?.contains("no name below a folder") == true)
    }

    @Test func anIndexIsNoModel() throws {
        let index: JSONValue = ["schemaVersion": 2, "manifests": []]
        let bytes = index.canonicalBytes
        let digest = try Digest(TestArtifact.digest(bytes))
        let type = "application/vnd.oci.image.index.v1+json"
        let manifest = try Manifest(bytes, digest: digest, contentType: type, about: "test")
        #expect(throws: ModelArtifact.Unusable.self) { try ModelArtifact(manifest) }
    }
}
