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

/// What a fetch does about cuts, refusals, and its own end.
@Suite(.timeLimit(.minutes(1)))
struct FetchResumeTests {
    static let weights = FetchScene.bytes(61, seed: 5)
    static let files = ["weights.bin": weights, "b.txt": [1, 2, 3]]

    /// A scene with one version and an order for it.
    private func scene(_ kind: FetchScene.Kind) async throws -> (FetchScene, ModelFetcher.Order) {
        let scene = try FetchScene(kind)
        try scene.putVersion("1", Self.files)
        return (scene, try await scene.order("1"))
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func aCutAtAnyByteGivesTheSameFolder(_ kind: FetchScene.Kind) async throws {
        for cut in 0...Self.weights.count {
            let (scene, order) = try await scene(kind)
            scene.wire.follow(FaultScript().on(Wire.content("weights.bin"), times: 4, .dropAfter(bytes: cut)))
            try await scene.fetch(order)
            #expect(scene.folder() == Self.files, "cut after \(cut)")
            // Each read begins where the one before was cut.
            let starts = scene.wire.reads.filter { $0.path.contains("weights.bin") }.map(\.range)
            let expected = stride(from: 0, to: Self.weights.count, by: max(cut, 1)).prefix(5).map { start -> String? in
                start == 0 ? nil : "bytes=\(start)-\(Self.weights.count - 1)"
            }
            #expect(cut == 0 || starts == expected, "cut after \(cut)")
        }
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func aProcessThatEndsAtAnyByteIsContinuedByTheNext(_ kind: FetchScene.Kind) async throws {
        for cut in 0..<Self.weights.count {
            let (scene, order) = try await scene(kind)
            // A refusal for good after the cut ends the attempt; no more than what is on the disk is left of it.
            scene.wire.follow(
                FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: cut))
                    .on(Wire.content("weights.bin"), .status(403, reason: "Forbidden", retryAfter: nil))
            )
            #expect(try await scene.failure(order)?.reason == "Denied", "cut after \(cut)")
            #expect(scene.folder() == nil)
            try await scene.fetch(order)
            #expect(scene.folder() == Self.files, "cut after \(cut)")
            let last = scene.wire.reads.last { $0.path.contains("weights.bin") }
            #expect(last?.range == (cut == 0 ? nil : "bytes=\(cut)-\(Self.weights.count - 1)"))
            #expect(scene.leftovers == [".model.modelapp.json"])
        }
    }

    @Test func randomFaultsGiveTheSameFolder() async throws {
        await checkProperty(cases: 40) { generator in
            (0..<Int.random(in: 1...10, using: &generator)).map { _ -> FaultScript.Fault in
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: .status(503, reason: "ServerBusy", retryAfter: nil)
                case 1: .status(429, reason: "SlowDown", retryAfter: 3)
                case 2: .refuse
                case 3: .hang
                case 4: .split(seed: UInt64.random(in: 0..<100, using: &generator))
                case 5: .delay(.seconds(1))
                default: .dropAfter(bytes: Int.random(in: 0...70, using: &generator))
                }
            }
        } fails: { faults in
            do {
                let (scene, order) = try await scene(.s3)
                scene.wire.follow(faults.reduce(FaultScript()) { $0.on(.any, $1) })
                // Started again as kubelet does.
                for _ in 0..<3 {
                    do {
                        try await scene.fetch(order)
                        break
                    } catch let failure as ModelFetcher.Failure where failure.isTransient {}
                }
                return scene.folder() == Self.files ? nil : "the folder is \(scene.folder()?.keys.sorted() ?? [])"
            } catch {
                return "\(error)"
            }
        }
    }

    @Test func aDamagedRemainderIsFoundOutAndReadAgain() async throws {
        let (scene, order) = try await scene(.s3)
        scene.wire.follow(
            FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: 40))
                .on(Wire.content("weights.bin"), .status(403, reason: "Forbidden", retryAfter: nil))
        )
        _ = try await scene.failure(order)
        let growing = try #require(try scene.growing().first { FileManager.default.contents(atPath: $0)?.count == 40 })
        try Data(repeating: 0, count: 40).write(to: URL(fileURLWithPath: growing))
        try await scene.fetch(order)
        #expect(scene.folder() == Self.files)
        #expect(scene.wire.reads.last { $0.path.contains("weights.bin") }?.range == nil)
    }

    @Test func aRemainderOfAnotherUploadIsNotContinued() async throws {
        let scene = try FetchScene(.azureBlob)
        try scene.put("resnet/1/weights.bin", Self.weights)
        let settle: JSONValue = ["complete": ["settle": "1s"]]
        let order = try await scene.order("1", settle)
        scene.wire.follow(
            FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: 40))
                .on(Wire.content("weights.bin"), .status(403, reason: "Forbidden", retryAfter: nil))
        )
        _ = try await scene.failure(order)
        // The same content under another entity tag: the same release, other bytes as far as conditions go.
        try scene.put("resnet/1/weights.bin", Self.weights)
        #expect(try await scene.order("1", settle).digest == order.digest)
        try await scene.fetch(order)
        #expect(scene.folder() == ["weights.bin": Self.weights])
        #expect(scene.wire.reads.last?.range == nil)
        #expect(scene.leftovers == [".model.modelapp.json"])
    }

    @Test func aStoreThatStaysAwayIsGivenUpAfterEightAttempts() async throws {
        let (scene, order) = try await scene(.s3)
        scene.wire.follow(FaultScript().on(Wire.content("weights.bin"), times: .max, .dropAfter(bytes: 0)))
        let failure = try await scene.failure(order)
        #expect(failure?.reason == "StoreUnavailable")
        #expect(failure?.message.hasPrefix("gave up after 8 attempts: ") == true)
        #expect(scene.wire.reads.count { $0.path.contains("weights.bin") } == 8)
    }

    @Test func aCertificateThatIsNotTrustedIsNotTriedAgain() async throws {
        let (scene, order) = try await scene(.s3)
        scene.wire.beforeEach { _ in throw HTTPTransportError(.tls, "the certificate is not trusted") }
        let before = scene.wire.requests.load(ordering: .relaxed)
        let failure = try await scene.failure(order)
        #expect(failure?.reason == "Untrusted")
        #expect(failure?.message.contains("not trusted") == true)
        #expect(scene.wire.requests.load(ordering: .relaxed) == before + 1)
    }

    @Test func anEndedTaskLeavesWhatItHas() async throws {
        let (scene, order) = try await scene(.s3)
        scene.wire.follow(
            FaultScript().on(Wire.content("weights.bin"), .dropAfter(bytes: 33)).on(Wire.content("weights.bin"), .hang)
        )
        let hanging = AsyncStream.makeStream(of: Void.self)
        scene.wire.beforeEach { [unowned scene] request in
            if scene.wire.reads.count(where: { $0.path.contains("weights.bin") }) == 2, Wire.isRead(request) {
                hanging.continuation.finish()
            }
        }
        let reason = try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await scene.failure(order)?.reason }
            for await _ in hanging.stream {}
            group.cancelAll()
            return try await group.next() ?? nil
        }
        #expect(reason == "Cancelled")
        scene.wire.beforeEach(nil)
        try await scene.fetch(order)
        #expect(scene.folder() == Self.files)
        #expect(scene.wire.reads.last { $0.path.contains("weights.bin") }?.range == "bytes=33-60")
    }

    @Test func oneFetchAtATimeWorksOnAFolder() async throws {
        let (scene, order) = try await scene(.s3)
        let folder = try ModelFolder(order.folder)
        let other = try folder.stage(digest: order.digest)
        #expect(try await scene.failure(order)?.reason == "FolderInUse")
        other.close()
        #expect(try await scene.failure(order) == nil)
    }
}
