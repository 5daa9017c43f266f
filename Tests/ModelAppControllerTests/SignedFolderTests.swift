import Artifacts
import Foundation
import TestSupport
import Testing
import Trust

@testable import ModelAppController

/// A folder of this machine and the signature in it.
@Suite(.timeLimit(.minutes(1))) struct SignedFolderTests {
    private let now = Timestamp(seconds: 1_796_083_200)

    private func folder(_ signature: String = "model-p256.sig") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let path = URL(fileURLWithPath: folder.path)
        for file in ["model.onnx", "weights/part-1.bin"] {
            let target = path.appendingPathComponent(file)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(SignedFixture.bytes("model/\(file)")).write(to: target)
        }
        try Data(SignedFixture.bytes(signature)).write(to: path.appendingPathComponent("model.sig"))
        return folder
    }

    private func reason(_ folder: TemporaryFolder) throws -> String? {
        let trust = SignerTrust(key: try PublicKey(pem: SignedFixture.bytes("model-p256.pub")))
        do {
            _ = try SignedFolder(folder.path).verify(by: trust, at: now)
            return nil
        } catch let failure {
            return failure.reason
        }
    }

    private func write(_ bytes: [UInt8], _ file: String, in folder: TemporaryFolder) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.path).appendingPathComponent(file))
    }

    @Test func aFolderAsItWasSignedIsAccepted() throws {
        let folder = try folder()
        #expect(try reason(folder) == nil)
        // What Model Signing never signs may be there.
        try write([1], ".gitignore", in: folder)
        #expect(try reason(folder) == nil)
    }

    @Test func aFileThatIsOtherMissingOrAdditionalIsRefused() throws {
        let other = try folder()
        var bytes = try SignedFixture.bytes("model/model.onnx")
        bytes[bytes.count - 1] ^= 1
        try write(bytes, "model.onnx", in: other)
        #expect(try reason(other) == "WrongContent")

        let missing = try folder()
        try FileManager.default.removeItem(atPath: missing.path + "/weights/part-1.bin")
        #expect(try reason(missing) == "FileError")

        let additional = try folder()
        try write([1], "weights/load.py", in: additional)
        #expect(try reason(additional) == "Unverified")
    }

    @Test func aLinkIsNoFile() throws {
        let folder = try folder()
        let file = folder.path + "/model.onnx"
        try FileManager.default.moveItem(atPath: file, toPath: folder.path + ".onnx")
        defer { try? FileManager.default.removeItem(atPath: folder.path + ".onnx") }
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: folder.path + ".onnx")
        #expect(try reason(folder) == "FileError")
    }

    @Test func anotherSignerIsRefused() throws {
        #expect(try reason(folder("model-p384.sig")) == "Unverified")
    }
}
