import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import Synchronization
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// Fetching a model that is an artifact in a registry.
@Suite(.timeLimit(.minutes(1)))
struct ArtifactFetchTests {
    private static let files: [String: [UInt8]] = [
        "weights.bin": FetchScene.bytes(70_000, seed: 1), "labels/en.txt": Array("cat\ndog\n".utf8), "empty": [],
    ]
    private static let archived: [String: [UInt8]] = [
        "model/part-1": FetchScene.bytes(50_000, seed: 2), "model/part-2": FetchScene.bytes(9, seed: 3), "README": [1],
    ]

    @Test func everyFileArrivesByItsNameAndNothingIsLeftBeside() async throws {
        let scene = try ArtifactScene()
        let digest = try await scene.push(.files(Self.files))
        let reports = try await scene.fetch(try scene.order(digest))
        #expect(scene.folder() == Self.files)
        #expect(scene.leftovers == [".model.modelapp.json"])
        #expect(reports.first == .line("fetching 1.0.0: 3 files, 68.4 KiB"))
    }

    /// The tag names other bits now: by its digest the artifact is what it was.
    @Test func aTagThatWasMovedOrDeletedChangesNothing() async throws {
        let scene = try ArtifactScene()
        let digest = try await scene.push(.files(Self.files))
        try await scene.push(.files(["weights.bin": [9]]))
        try await scene.fetch(try scene.order(digest))
        #expect(scene.folder() == Self.files)
        let other = try ArtifactScene()
        #expect(try await other.failure(try other.order(digest))?.reason == "ModelBytesGone")
        #expect(other.folder() == nil)
    }

    @Test func partsOfAModelKitAreUnpackedBesideFiles() async throws {
        let scene = try ArtifactScene()
        let archive = try await TestArchive.make(Self.archived, format: "pax")
        let digest = try await scene.push(TestArtifact(layers: [.modelKit(archive), .oras("notes.txt", [5])]))
        let reports = try await scene.fetch(try scene.order(digest))
        #expect(scene.folder() == Self.archived.merging(["notes.txt": [5]]) { $1 })
        #expect(scene.leftovers == [".model.modelapp.json"])
        #expect(reports.contains { if case .line(let text) = $0 { text.hasPrefix("unpacking") } else { false } })
        // What is there is recognised without asking the registry, by the files that came out of the archive.
        let before = scene.wire.requests.load(ordering: .relaxed)
        try await scene.fetch(try scene.order(digest))
        #expect(scene.wire.requests.load(ordering: .relaxed) == before)
    }

    @Test func globsChooseAmongFilesAndInsideArchives() async throws {
        let scene = try ArtifactScene()
        let archive = try await TestArchive.make(Self.archived)
        let digest = try await scene.push(TestArtifact(layers: [.modelKit(archive), .oras("notes.txt", [5])]))
        let order = try scene.order(digest, ["includeFiles": ["model/**"], "excludeFiles": ["**/part-2"]])
        try await scene.fetch(order)
        #expect(scene.folder() == Self.archived.filter { $0.key == "model/part-1" })
        // The same digest with other globs is another folder.
        #expect(try await scene.failure(try scene.order(digest))?.reason == "FolderNotEmpty")
        let none = try ArtifactScene()
        try await none.push(.files(Self.files))
        let nothing = try none.order(TestArtifact.files(Self.files).digest, ["includeFiles": ["*.onnx"]])
        #expect(try await none.failure(nothing)?.reason == "UnusableArtifact")
    }

    @Test(arguments: [
        "add('../evil')", "add('a'); add('link', tarfile.SYMTYPE, link='/etc/passwd')", "add('notes.txt')",
    ])
    func anArchiveThatIsNotSafeLeavesNoFolder(_ script: String) async throws {
        let scene = try ArtifactScene()
        let archive = try await TestArchive.hostile(script)
        let digest = try await scene.push(TestArtifact(layers: [.modelKit(archive), .oras("notes.txt", [5])]))
        let reason = try await scene.failure(try scene.order(digest))?.reason
        #expect(["UnusableArchive", "UnsafeName"].contains(reason))
        #expect(scene.folder() == nil)
        #expect(!FileManager.default.fileExists(atPath: scene.root.path + "/evil"))
    }

    /// A connection that ends early is picked up where it ended, in the middle of a layer.
    @Test(arguments: [true, false])
    func aReadThatBrokeOffGoesOnWhereItStopped(_ isArchive: Bool) async throws {
        let scene = try ArtifactScene()
        let archive = try await TestArchive.make(Self.archived)
        let layer: TestArtifact.Layer = isArchive ? .modelKit(archive) : .oras("weights.bin", archive)
        let digest = try await scene.push(TestArtifact(layers: [layer]))
        scene.wire.follow(FaultScript().on(Wire.content("/blobs/"), .dropAfter(bytes: 30_000)))
        try await scene.fetch(try scene.order(digest))
        #expect(scene.folder() == (isArchive ? Self.archived : ["weights.bin": archive]))
        let ranges = scene.wire.reads.filter { $0.path.contains("/blobs/") }.compactMap(\.range)
        #expect(ranges == ["bytes=30000-"])
    }

    /// Registries and the stores behind them may know nothing of ranges.
    @Test func aRegistryThatIgnoresRangesIsReadFromTheStart() async throws {
        let scene = try ArtifactScene(meddling: .ignoringRanges)
        let digest = try await scene.push(.files(Self.files))
        scene.wire.follow(FaultScript().on(Wire.content("/blobs/"), .dropAfter(bytes: 30_000)))
        try await scene.fetch(try scene.order(digest))
        #expect(scene.folder() == Self.files)
    }

    @Test func aLayerOfOtherBytesIsNoticed() async throws {
        let scene = try ArtifactScene(meddling: .flippingFirstByte)
        let digest = try await scene.push(.files(["weights.bin": FetchScene.bytes(5000, seed: 1)]))
        let failure = try await scene.failure(try scene.order(digest))
        #expect(failure?.reason == "MalformedAnswer" && scene.folder() == nil, "\(String(describing: failure))")
    }

    /// The keys come from the Secret's own file, as pull secrets have them.
    @Test func aRegistryWithPasswordsIsReadWithADockerConfig() async throws {
        let scene = try ArtifactScene(.basic(["reader": "word"]))
        let basic = "Basic " + Data("reader:word".utf8).base64EncodedString()
        let digest = try await scene.push(.files(Self.files), authorization: basic)
        let order = try scene.order(digest)
        #expect(try await scene.failure(order)?.reason == "Unauthorized")
        let auth = Data("reader:word".utf8).base64EncodedString()
        let config = #"{"auths":{"registry.test":{"auth":"\#(auth)"}}}"#
        try await scene.fetch(order, keys: [".dockerconfigjson": config])
        #expect(scene.folder() == Self.files)
        // Keys of a store of objects open no registry, and are not sent there.
        let other = try ArtifactScene()
        let failure = try await other.failure(try other.order(digest), keys: ["AZURE_STORAGE_KEY": "a2V5"])
        #expect(failure?.reason == "InvalidSecret" && failure?.message.contains("a2V5") == false)
    }
}
