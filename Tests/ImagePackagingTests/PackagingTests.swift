import Artifacts
import ContainerRegistry
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import DevCluster
@testable import ImagePackaging

struct PackagingTests {
    private static let host = PackagingScene.host

    private func scene(_ access: RegistryAccess = .anonymous) async throws -> PackagingScene {
        let scene = try PackagingScene(access)
        try scene.put("weights.bin", PackagingScene.bytes(300_000, seed: 1))
        try scene.put("tokens/größe.txt", Array("ä\n".utf8))
        try scene.put("empty", [])
        return scene
    }

    private func layers(_ scene: PackagingScene, _ reference: String) async throws -> Manifest.ImageManifest {
        let manifest = try #require(try await scene.manifest(reference))
        guard case .image(let image) = manifest.content else { throw NotAnImage() }
        return image
    }

    private struct NotAnImage: Error {}

    @Test func theImageHoldsTheApplicationAndTheModelByteForByte() async throws {
        let scene = try await scene()
        let base: JSONValue = ["created": "2026-01-02T03:04:05Z", "config": ["Env": ["PATH=/bin", "MODEL_PATH=/old"]]]
        let application = try await scene.pushApplication(configuration: base)
        let outcome = try await scene.package()
        let image = try await layers(scene, "\(Self.host)/baked:r-1")
        #expect(image.layers.count == 2)
        #expect(image.layers[0].digest == ContentDigest.of(Array("application".utf8)))
        #expect(image.annotations[PackagingKeys.base] == application.digest.description)
        #expect(image.annotations[PackagingKeys.revision] == PackagingScene.model().revision)
        let tar = try await scene.blob("\(Self.host)/baked", outcome.layer)
        #expect(Int64(tar.count) == image.layers[1].size && outcome.modelBytes == 300_003)
        let folder = try TemporaryFolder()
        try Data(tar).write(to: URL(fileURLWithPath: folder.path + "/layer.tar"))
        _ = try await #require(Tool.find("tar")).succeed(["-xf", folder.path + "/layer.tar", "-C", folder.path])
        let content = FileManager.default.contents(atPath: folder.path + "/models/weights.bin")
        #expect(content.map { Array($0) } == PackagingScene.bytes(300_000, seed: 1))
        #expect(FileManager.default.contents(atPath: folder.path + "/models/tokens/größe.txt") == Data("ä\n".utf8))
        #expect(FileManager.default.contents(atPath: folder.path + "/models/empty") == Data())

        let bytes = try await scene.blob("\(Self.host)/baked", image.configuration.digest)
        let configuration = try JSONValue(parsing: bytes)
        #expect(configuration["rootfs"]?["diff_ids"]?[1]?.string == outcome.layer.description)
        #expect(configuration["config"]?["Env"] == ["PATH=/bin", "MODEL_PATH=/models"])
        #expect(configuration["config"]?["Labels"]?[PackagingKeys.version] == "41")
        #expect(configuration["history"]?.array?.count == 2)
        #expect(configuration["history"]?[1]?["created"] == "2026-01-02T03:04:05Z")
        #expect(configuration["created"] == "2026-01-02T03:04:05Z")
    }

    @Test func theSamePairHasTheSameDigestWhereverAndHoweverItIsUploaded() async throws {
        var digests: Set<Artifacts.Digest> = []
        for chunk in [1 << 10, 64 << 10, 1 << 20] {
            let scene = try await scene()
            try await scene.pushApplication()
            digests.insert(try await scene.package(client: scene.client(chunk: chunk)).digest)
        }
        #expect(digests.count == 1)
    }

    @Test func aNewApplicationMovesNoByteOfTheModel() async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        try await scene.package()
        try await scene.pushApplication("\(Self.host)/app:2", layers: [Array("application".utf8), Array("new".utf8)])
        let contents = try await scene.contents()
        scene.wire.forget()
        var order = ImagePackager.Order(image: try ImageReference("\(Self.host)/app:2"), model: PackagingScene.model())
        order.environment = [("MODEL_PATH", "/models")]
        let client = scene.client()
        let previous = try ImageReference("\(Self.host)/baked:r-1")
        let outcome = try await ImagePackager(reader: client).package(
            order,
            to: .registry(client, try ImageReference("\(Self.host)/baked"), tag: "r-2", previous: previous)
        ) { () async throws(PackagingError) in
            Issue.record("the model was listed")
            return contents
        }
        #expect(outcome.modelBytes == 0 && scene.wire.storeBytes == 0)
        // One new layer.
        #expect(scene.wire.requests.count <= 9, "\(scene.wire.requests)")
        #expect(scene.wire.requests.count { $0.contains("?mount=") } == 1)
    }

    @Test func aNewModelIsReadOnce() async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        try await scene.package()
        try scene.put("weights.bin", PackagingScene.bytes(400_000, seed: 2), version: "42")
        scene.wire.forget()
        let next = PackagingScene.model("42", content: "b")
        let outcome = try await scene.package(tag: "r-2", previous: "r-1", model: next)
        #expect(outcome.modelBytes == 400_000 && scene.wire.storeBytes == 400_000)
        #expect(!scene.wire.requests.contains { $0.contains("?mount=") })
    }

    @Test func anImageOfSeveralPlatformsBecomesAnIndexWithOneLayerForAll() async throws {
        let scene = try await scene()
        try await scene.pushIndex()
        let outcome = try await scene.package()
        #expect(outcome.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
        let platforms = try await scene.client().platforms(try ImageReference("\(Self.host)/baked"), of: outcome.digest)
        #expect(platforms.map(\.platform) == outcome.platforms)
        for platform in platforms {
            let image = try await layers(scene, "\(Self.host)/baked@\(platform.manifest)")
            #expect(image.layers.last?.digest == outcome.layer)
        }
        let one = try await scene.package(tag: "arm", platforms: [try Platform("linux/arm64")])
        #expect(one.digest == platforms.last?.manifest)
        let missing = try await scene.failure { try await scene.package(platforms: [try Platform("linux/s390x")]) }
        #expect(missing?.code == .platformMissing)
    }

    @Test func aDockerImageBecomesAnOCIImage() async throws {
        let scene = try await scene()
        try await scene.pushApplication(docker: true)
        try await scene.package()
        let image = try await layers(scene, "\(Self.host)/baked:r-1")
        #expect(image.layers[0].mediaType.text == "application/vnd.oci.image.layer.v1.tar+gzip")
        #expect(image.configuration.mediaType == .ociConfiguration)
    }

    @Test func layersOfAnotherRegistryAreCopied() async throws {
        let scene = try await scene()
        let layer = PackagingScene.bytes(200_000, seed: 9)
        try await scene.pushApplication("\(PackagingScene.otherHost)/app:1", layers: [layer])
        try await scene.package("\(PackagingScene.otherHost)/app:1")
        let image = try await layers(scene, "\(Self.host)/baked:r-1")
        #expect(try await scene.blob("\(Self.host)/baked", image.layers[0].digest) == layer)
    }

    @Test func layersAreMountedWithATokenForBothRepositories() async throws {
        let scene = try await scene(.token(["ann": "s3cret"]))
        var keyring = RegistryKeyring()
        keyring.add(.basic(username: "ann", password: SecretText("s3cret")), for: Self.host)
        let client = scene.client(keyring)
        try await scene.pushApplication(by: client)
        scene.wire.forget()
        try await scene.package(client: client)
        #expect(scene.wire.requests.contains { $0.contains("?mount=") })
        let refused = try await scene.failure { try await scene.package(tag: "r-2") }
        #expect(refused?.isTransient == false && refused?.message.contains("check the pull secret") == true)
    }

    @Test func aLayerThatTheRegistryLostIsBroughtAgain() async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        let first = try await scene.package()
        scene.registry.contents.withLock { contents in
            contents.blobs[first.layer] = nil
            _ = contents.repositories["baked"]?.blobs.remove(first.layer)
        }
        try await scene.pushApplication("\(Self.host)/app:2", layers: [Array("other".utf8)])
        let second = try await scene.package("\(Self.host)/app:2", tag: "r-2", previous: "r-1")
        #expect(second.layer == first.layer && second.modelBytes == first.modelBytes)
        #expect(try await scene.blob("\(Self.host)/baked", second.layer).count > 300_000)
    }

    @Test func anObjectThatChangesWhileItIsReadIsRefused() async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        let isFirst = Mutex(true)
        scene.wire.breaking { request in
            let isContent = request.path?.contains("weights.bin") == true
            let isNow = isFirst.withLock { first in
                defer { first = first && !isContent }
                return first && isContent
            }
            guard isNow else { return nil }
            try scene.put("weights.bin", PackagingScene.bytes(300_000, seed: 7))
            return nil
        }
        let error = try await scene.failure { try await scene.package() }
        #expect(error?.code == .modelChanged)
        #expect(try await scene.manifest("\(Self.host)/baked:r-1") == nil)
    }

    @Test func anObjectWithOtherBytesThanItsChecksumIsRefused() async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        var contents = try await scene.contents()
        for index in contents.files.indices {
            contents.files[index].checksum = StoredChecksum(.sha256, hexadecimal: String(repeating: "0", count: 64))
        }
        let wrong = contents
        let client = scene.client()
        let order = ImagePackager.Order(image: try ImageReference("\(Self.host)/app:1"), model: PackagingScene.model())
        let error = try await scene.failure {
            _ = try await ImagePackager(reader: client).package(
                order,
                to: .registry(client, try ImageReference("\(Self.host)/baked"), tag: "r-1", previous: nil)
            ) { () async throws(PackagingError) in wrong }
        }
        #expect(error?.code == .wrongContent)
        #expect(try await scene.client().tags(of: try ImageReference("\(Self.host)/app")).map(\.name) == ["1"])
    }

    /// Whatever a store calls its objects: nothing of it is read, and nothing is pushed.
    @Test(arguments: [
        "../../etc/passwd", "/etc/passwd", "a/../../b", "nul\u{0}byte", ".wh.weights", "back\\slash",
        String(repeating: "n", count: 10_000), String(repeating: "d/", count: 5_000) + "f",
    ])
    func aHostileNameLeavesNothingBehind(_ name: String) async throws {
        let scene = try await scene()
        try await scene.pushApplication()
        var hostile = try await scene.contents()
        var file = try #require(hostile.files.first)
        file.path = name
        hostile.files.append(file)
        let contents = hostile
        let client = scene.client()
        let order = ImagePackager.Order(image: try ImageReference("\(Self.host)/app:1"), model: PackagingScene.model())
        scene.wire.forget()
        let error = try await scene.failure {
            _ = try await ImagePackager(reader: client).package(
                order,
                to: .registry(client, try ImageReference("\(Self.host)/baked"), tag: "r-1", previous: nil)
            ) { () async throws(PackagingError) in contents }
        }
        #expect(error?.code == .unsafeName && (error?.message.count ?? 0) < 500, "\(String(describing: error))")
        #expect(scene.wire.storeBytes == 0)
        #expect(!scene.wire.requests.contains { $0.hasPrefix("P") }, "\(scene.wire.requests)")
        #expect(scene.registry.contents.withLock { $0.repositories["baked"] } == nil)
    }

    /// Every request of the upload is broken once, in every way, at a place by chance; the image is the same, and no byte
    /// of the model is asked for that was not lost.
    @Test(arguments: 0..<20)
    func aCutOnTheWayChangesNothing(_ round: Int) async throws {
        let seed = UInt64(round) &* 7919 &+ 1
        var generator = SplitMix64(seed: seed)
        let whole = try await scene()
        try await whole.pushApplication()
        let expected = try await whole.package().digest
        let count = whole.wire.requests.count

        let scene = try await scene()
        try await scene.pushApplication()
        scene.wire.forget()
        let victim = Int.random(in: 0..<count, using: &generator)
        let place = Int.random(in: 0..<65_536, using: &generator)
        let kind = Int.random(in: 0..<3, using: &generator)
        let seen = Mutex(0)
        scene.wire.breaking { request in
            let number = seen.withLock { seen in
                defer { seen += 1 }
                return seen
            }
            guard number == victim else { return nil }
            switch kind {
            case 0 where request.method == .patch: return .cutBody(after: place)
            case 1: return .cutAnswer(after: place % 64)
            default: return request.method == .get ? .cutAnswer(after: place) : .loseAnswer
            }
        }
        #expect(try await scene.package().digest == expected, "seed \(seed)")
    }

    /// Killed at a request by chance, the next run ends with the same digest, and no tag was there before.
    @Test(arguments: 0..<20)
    func killedAnywhereTheNextRunEndsTheSame(_ round: Int) async throws {
        var generator = SplitMix64(seed: UInt64(round) &+ 400)
        let whole = try await scene()
        try await whole.pushApplication()
        let expected = try await whole.package().digest

        let scene = try await scene()
        try await scene.pushApplication()
        let limit = Int.random(in: 0..<30, using: &generator)
        let seen = Mutex(0)
        scene.wire.breaking { _ in
            let number = seen.withLock { seen in
                defer { seen += 1 }
                return seen
            }
            if number >= limit { throw CancellationError() }
            return nil
        }
        let first = try? await scene.package()
        scene.wire.breaking(nil)
        if first == nil, let tagged = try await scene.manifest("\(Self.host)/baked:r-1") {
            // The kill came between the last write and its answer.
            #expect(tagged.digest == expected)
        }
        #expect(try await scene.package().digest == expected)
    }
}
