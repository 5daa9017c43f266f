import Artifacts
import JSON
import TestSupport
import Testing

@testable import ModelAppController

/// What a fetch takes where a list of files was verified before.
@Suite(.timeLimit(.minutes(1)))
struct FetchProofTests {
    private static let files = ["model.onnx", "weights/part-1.bin"]
    private static let proof = ModelProof.signature("model.sig")

    /// A store with the model that Model Signing signed, and what else lies beside it.
    private func scene(_ kind: FetchScene.Kind) throws -> FetchScene {
        let scene = try FetchScene(kind)
        for file in Self.files { try scene.put("resnet/1/\(file)", SignedFixture.bytes("model/\(file)")) }
        try scene.put("resnet/1/model.sig", SignedFixture.bytes("model-p256.sig"))
        try scene.put("resnet/1/unsigned.py", Array("import os".utf8))
        return scene
    }

    private let settled: JSONValue = .object([:])

    @Test(arguments: FetchScene.Kind.allCases)
    func exactlyTheSignedFilesArrive(_ kind: FetchScene.Kind) async throws {
        let scene = try scene(kind)
        try await scene.fetch(try await scene.order("1", settled, proof: Self.proof))
        #expect(
            scene.folder()
                == (try Dictionary(
                    uniqueKeysWithValues: Self.files.map {
                        ($0, try SignedFixture.bytes("model/\($0)"))
                    }
                ))
        )
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func aFileWithOtherBytesOfTheSameLengthIsRefused(_ kind: FetchScene.Kind) async throws {
        let scene = try scene(kind)
        let order = try await scene.order("1", settled, proof: Self.proof)
        var bytes = try SignedFixture.bytes("model/model.onnx")
        bytes[0] ^= 1
        try scene.put("resnet/1/model.onnx", bytes)
        let failure = try #require(try await scene.failure(order))
        #expect(failure.reason == "WrongContent")
        #expect(failure.message.contains("sha256"))
        #expect(scene.folder() == nil)
    }

    @Test(arguments: FetchScene.Kind.allCases)
    func aProofThatIsGoneBrokenOrAnotherBringsNothing(_ kind: FetchScene.Kind) async throws {
        let scene = try scene(kind)
        let order = try await scene.order("1", settled, proof: Self.proof)
        try scene.remove("resnet/1/model.sig")
        #expect(try await scene.failure(order)?.reason == "Unverified")
        try scene.put("resnet/1/model.sig", Array("{}".utf8))
        #expect(try await scene.failure(order)?.reason == "Unverified")
        try scene.put("resnet/1/model.sig", SignedFixture.bytes("model-p384.sig"))
        // Another signature of the same files is the same list.
        #expect(try await scene.failure(order) == nil)
        try scene.put("resnet/2/model.sig", SignedFixture.bytes("model-p256.sig"))
        var other = order
        other.version = "2"
        other.folder += "-2"
        #expect(try await scene.failure(other)?.reason == "ModelBytesGone")
    }

    @Test func withoutItsProofAnOrderIsForOtherBytes() async throws {
        let scene = try scene(.s3)
        var order = try await scene.order("1", settled, proof: Self.proof)
        order.proof = nil
        #expect(try await scene.failure(order)?.reason == "ModelBytesGone")
    }

    @Test func aManifestBindsEveryFileItListsAndNoOther() async throws {
        let scene = try FetchScene(.s3)
        let files: [String: [UInt8]] = ["a": [1, 2, 3], "b/c": [4]]
        for (path, bytes) in files { try scene.put("resnet/1/\(path)", bytes) }
        try scene.put("resnet/1/other", [9])
        try scene.put("resnet/1/SHA.json", FetchScene.manifest(files).canonicalBytes)
        let order = try await scene.order("1", settled, proof: .manifest("SHA.json"))
        try await scene.fetch(order)
        #expect(scene.folder() == files)
        try scene.put("resnet/1/b/c", [5])
        var again = order
        again.folder += "-2"
        #expect(try await scene.failure(again)?.reason == "WrongContent")
    }
}
