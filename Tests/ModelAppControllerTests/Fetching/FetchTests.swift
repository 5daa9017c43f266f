import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ModelAppAPI
import Synchronization
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// What a fetch brings, and what it refuses.
@Suite(.timeLimit(.minutes(1)))
struct FetchTests {
    static let files: [String: [UInt8]] = [
        "weights.bin": FetchScene.bytes(70_000, seed: 1), "labels/en.txt": Array("cat\ndog\n".utf8), "empty": [],
        "labels/de/x": [0],
    ]

    @Test(arguments: FetchScene.Kind.allCases)
    func everyFileArrivesAndNothingIsLeftBeside(_ kind: FetchScene.Kind) async throws {
        let scene = try FetchScene(kind)
        try scene.putVersion("1", Self.files)
        try scene.put("resnet/10/other", [1])
        let reports = try await scene.fetch(try await scene.order("1"))
        #expect(scene.folder() == Self.files)
        #expect(scene.leftovers == [".model.modelapp.json"])
        #expect(reports.first == .line("fetching 1: 4 files, 68.4 KiB"))
        #expect(reports.contains { if case .progress(let text) = $0 { text.contains("(100 %)") } else { false } })
        // The manifest once to list and each file that is not empty once; nothing else.
        #expect(scene.wire.reads.allSatisfy { $0.range == nil })
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func fixedNamesAreFetchedWithoutTheirNeighbours(_ kind: FetchScene.Kind) async throws {
        let scene = try FetchScene(kind)
        for (name, bytes) in Self.files { try scene.put("resnet/\(name)", bytes, checksum: kind == .azureBlob) }
        let order = try await scene.order("2026-01-01T00:00:00Z", ["objects": ["weights.bin", "labels/en.txt"]])
        #expect(order.digest.hasPrefix(kind == .azureBlob ? "sha256:" : "etag:"))
        try await scene.fetch(order)
        #expect(scene.folder() == Self.files.filter { ["weights.bin", "labels/en.txt"].contains($0.key) })
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func fixedNamesOfAStoreThatKeepsVersionsAreReadAsTheyWere(_ kind: FetchScene.Kind) async throws {
        let scene = try FetchScene(kind)
        try scene.keepVersions()
        let names = ["weights.bin", "labels/en.txt"]
        for name in names { try scene.put("resnet/\(name)", Self.files[name] ?? []) }
        let order = try await scene.order("2026-01-01T00:00:00Z", ["objects": ["weights.bin", "labels/en.txt"]])
        #expect(Set(order.objectVersions.keys) == Set(names))
        for name in names { try scene.put("resnet/\(name)", Array("newer".utf8)) }
        // Cut in the middle, it goes on with the same version.
        scene.wire.follow(FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: 30_000)))
        try await scene.fetch(order)
        #expect(scene.folder() == Self.files.filter { names.contains($0.key) })
        for name in names { try scene.remove("resnet/\(name)") }
        var other = order
        other.folder += "-2"
        #expect(try await scene.failure(other)?.reason == "ModelBytesGone")
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func aReaderSeesTheWholeModelOrNone(_ kind: FetchScene.Kind) async throws {
        let scene = try FetchScene(kind)
        try scene.putVersion("1", Self.files)
        let order = try await scene.order("1")
        let looks = Atomic<Int>(0)
        scene.wire.beforeEach { [path = order.folder] _ in
            looks.add(1, ordering: .relaxed)
            if FileManager.default.fileExists(atPath: path) { throw HTTPTransportError(.tls, "the folder is there") }
        }
        try await scene.fetch(order)
        #expect(looks.load(ordering: .relaxed) > 4)
        #expect(scene.folder() == Self.files)
    }

    @Test func aModelThatIsThereNeedsNoStore() async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        let order = try await scene.order("1")
        try await scene.fetch(order)
        scene.wire.follow(FaultScript().on(.any, times: .max, .refuse))
        let before = scene.wire.requests.load(ordering: .relaxed)
        try await scene.fetch(order)
        #expect(scene.wire.requests.load(ordering: .relaxed) == before)
        // A file that lost bytes since is no model any more, and what is there is not silently replaced.
        try Data([1]).write(to: URL(fileURLWithPath: order.folder + "/weights.bin"))
        scene.wire.follow(FaultScript())
        #expect(try await scene.failure(order)?.reason == "FolderNotEmpty")
    }

    @Test func bytesThatChangedSinceTheReleaseAreRefusedBeforeTheFirstIsRead() async throws {
        let scene = try FetchScene(.azureBlob)
        try scene.putVersion("1", Self.files)
        let order = try await scene.order("1", ["complete": ["settle": "1s"]])
        try scene.put("resnet/1/weights.bin", [9])
        let failure = try await scene.failure(order)
        #expect(failure?.reason == "ModelBytesGone")
        #expect(failure?.message.contains(order.digest.prefix(20)) == true)
        #expect(scene.wire.reads.isEmpty)
        #expect(scene.folder() == nil && scene.leftovers == [])
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func bytesThatChangeWhileTheyAreReadAreNeverMixed(_ kind: FetchScene.Kind) async throws {
        for deleted in [false, true] {
            let scene = try FetchScene(kind)
            try scene.putVersion("1", Self.files)
            let order = try await scene.order("1")
            scene.wire.follow(FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: 30_000)))
            scene.wire.beforeEach { [unowned scene] request in
                guard Wire.isRead(request), (request.path ?? "").contains("weights.bin"),
                    scene.wire.reads.count(where: { $0.path.contains("weights.bin") }) == 2
                else { return }
                if deleted { return try scene.remove("resnet/1/weights.bin") }
                try scene.put("resnet/1/weights.bin", FetchScene.bytes(70_000, seed: 2))
            }
            #expect(try await scene.failure(order)?.reason == "ModelBytesGone")
            #expect(scene.folder() == nil)
        }
    }

    @Test func aVersionThatIsGoneOrIncompleteIsSaidToBe() async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        let order = try await scene.order("1")
        try scene.remove("resnet/1/weights.bin")
        let incomplete = try await scene.failure(order)
        #expect(incomplete?.reason == "ModelBytesGone")
        #expect(incomplete?.message.contains("weights.bin") == true)
        for name in Self.files.keys { try scene.remove("resnet/1/\(name)") }
        try scene.remove("resnet/1/MANIFEST.json")
        #expect(try await scene.failure(order)?.reason == "ModelBytesGone")
    }

    @Test(arguments: ["../evil", "a/../../evil", "./x", "a//b", "/etc/passwd", "a\\b", "a\u{1}b"])
    func namesThatLeadOutOfTheFolderAreRefused(_ name: String) async throws {
        let scene = try FetchScene(.s3)
        try scene.put("resnet/1/good", [1])
        try scene.put("resnet/1/\(name)", [2])
        let order = try await scene.order("1", ["complete": ["settle": "1s"]])
        #expect(try await scene.failure(order)?.reason == "UnsafeName")
        #expect(scene.wire.reads.isEmpty && scene.leftovers == [])
    }

    @Test func aNameThatIsAFileAndAFolderIsRefused() async throws {
        let scene = try FetchScene(.s3)
        try scene.put("resnet/1/a", [1])
        try scene.put("resnet/1/a/b", [2])
        let failure = try await scene.failure(try await scene.order("1", ["complete": ["settle": "1s"]]))
        #expect(failure?.reason == "UnsafeName")
        #expect(failure?.message.contains("\"a/b\"") == true)
    }

    @Test func theSizeLimitIsCheckedBeforeTheFirstByte() async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        var order = try await scene.order("1")
        let total = Int64(Self.files.values.map(\.count).reduce(0, +))
        order.sizeLimit = total - 1
        let before = scene.wire.reads.count
        let failure = try await scene.failure(order)
        #expect(failure?.reason == "TooLarge")
        #expect(failure?.message.contains("sizeLimit") == true)
        // The manifest is part of the listing.
        #expect(scene.wire.reads.count == before + 1)
        order.sizeLimit = total
        #expect(try await scene.failure(order) == nil)
    }

    @Test func aFolderOfSomebodyElseIsLeftAlone() async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        let order = try await scene.order("1")
        try FileManager.default.createDirectory(atPath: order.folder, withIntermediateDirectories: true)
        #expect(try await scene.failure(order) == nil, "an empty folder is replaced")
        try FileManager.default.removeItem(atPath: scene.root + "/.model.modelapp.json")
        #expect(try await scene.failure(order)?.reason == "FolderNotEmpty")
        #expect(scene.folder() == Self.files)
    }

    @Test(arguments: [
        ("/proc", "InvalidFolder"), ("/", "InvalidFolder"), ("..", "InvalidFolder"), ("", "InvalidFolder"),
    ])
    func foldersThatCannotAppearAreRefused(_ path: String, _ reason: String) async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        var order = try await scene.order("1")
        order.folder = path
        #expect(try await scene.failure(order)?.reason == reason)
    }

    @Test func aFileInTheWayOfTheFolderIsNamed() async throws {
        let scene = try FetchScene(.s3)
        try scene.putVersion("1", Self.files)
        var order = try await scene.order("1")
        try Data([1]).write(to: URL(fileURLWithPath: scene.root + "/file"))
        order.folder = scene.root + "/file/model"
        let failure = try await scene.failure(order)
        #expect(failure?.reason == "FileError")
        #expect(failure?.message.contains(scene.root + "/file") == true)
    }

    @Test func contentThatIsNotWhatTheManifestSaysIsNotPublished() async throws {
        let scene = try FetchScene(.s3)
        var wrong = Self.files
        wrong["labels/en.txt"] = Array("cat\ndoG\n".utf8)
        try scene.putVersion("1", wrong)
        try scene.put("resnet/1/MANIFEST.json", FetchScene.manifest(Self.files).canonicalBytes)
        let failure = try await scene.failure(try await scene.order("1"))
        #expect(failure?.reason == "WrongContent")
        #expect(failure?.message.contains("labels/en.txt") == true)
        #expect(scene.folder() == nil)
        #expect(scene.wire.reads.count { $0.path.contains("en.txt") } == 1, "reading it again cannot help")
    }

    @Test func aManifestWithoutDigestsIsRefused() async throws {
        let scene = try FetchScene(.s3)
        try scene.put("resnet/1/a", [1])
        try scene.put("resnet/1/MANIFEST.json", Array(#"{"a": "not a digest"}"#.utf8))
        #expect(try await scene.failure(try await scene.order("1"))?.reason == "InvalidManifest")
    }

    @Test func theStoresOwnChecksumIsCheckedWhereThereIsNoManifest() async throws {
        let scene = try FetchScene(.azureBlob)
        try scene.put("resnet/1/a", FetchScene.bytes(5000, seed: 3))
        // A client may say any Content-MD5 of a blob that it uploads in blocks.
        var object = StoredObject(.bytes(FetchScene.bytes(5000, seed: 4)), at: scene.time.date())
        object.md5 = [UInt8](repeating: 7, count: 16)
        try scene.store(object, as: "resnet/1/b")
        let failure = try await scene.failure(try await scene.order("1", ["complete": ["settle": "1s"]]))
        #expect(failure?.reason == "WrongContent")
        #expect(failure?.message.contains("b does not have the md5") == true)
    }
}
