import Artifacts
import AsyncHTTPTransport
import ContainerRegistry
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import ImagePackaging

/// A registry that nobody here wrote, and the tools that people use to look into images.
@Suite(.enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason), .timeLimit(.minutes(3)))
struct RealRegistryPackagingTests {
    /// In how many chunks of 64 KiB the layer of 900,000 bytes and a little is uploaded.
    private static let chunks = 14

    private func withScene(_ body: (PackagingScene, String) async throws -> Void) async throws {
        let host = try TestPeer.registry.require()
        let pool = ClientPool()
        let result: Result<Void, any Error>
        do {
            let scene = try PackagingScene(plainHTTP: [host], elsewhere: try pool.transport())
            try scene.put("weights.bin", PackagingScene.bytes(900_000, seed: 3))
            try scene.put("labels/\(String(repeating: "l", count: 120)).txt", Array("labels".utf8))
            result = .success(try await body(scene, host))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }

    /// One that no other run used: a registry forgets nothing.
    private func repository(_ host: String, _ name: String) -> String {
        "\(host)/packaging/\(name)-\(UUID().uuidString.lowercased().prefix(8))"
    }

    @Test func layersAreMountedAndTheModelIsUploadedInChunksOnce() async throws {
        try await withScene { scene, host in
            let (app, baked) = (repository(host, "app"), repository(host, "baked"))
            try await scene.pushApplication("\(app):1")
            let first = try await scene.package("\(app):1", to: baked)
            #expect(scene.wire.requests.count { $0.hasPrefix("PATCH") } == Self.chunks)
            #expect(scene.wire.requests.contains { $0.contains("?mount=") })
            try await scene.pushApplication("\(app):2", layers: [Array("application".utf8), Array("more".utf8)])
            scene.wire.forget()
            let second = try await scene.package("\(app):2", to: baked, tag: "r-2", previous: "r-1")
            #expect(second.layer == first.layer && second.modelBytes == 0 && scene.wire.storeBytes == 0)
            #expect(scene.wire.requests.count { $0.contains(host) } <= 9, "\(scene.wire.requests)")
            // In the emulated registry the same pair has the same digest.
            let emulated = try PackagingScene()
            try emulated.put("weights.bin", PackagingScene.bytes(900_000, seed: 3))
            try emulated.put("labels/\(String(repeating: "l", count: 120)).txt", Array("labels".utf8))
            try await emulated.pushApplication()
            #expect(try await emulated.package().digest == first.digest)
        }
    }

    /// docker-registry drops what it had of an upload whose chunk broke off: it begins anew.
    @Test(arguments: 0..<3)
    func aCutInsideAChunkEndsWithTheSameDigest(_ round: Int) async throws {
        try await withScene { scene, host in
            let (app, baked) = (repository(host, "app"), repository(host, "baked"))
            try await scene.pushApplication("\(app):1")
            let whole = try await scene.package("\(app):1", to: repository(host, "whole")).digest
            let patches = Mutex(0)
            scene.wire.breaking { request in
                guard request.method == .patch else { return nil }
                let number = patches.withLock { count in
                    count += 1
                    return count
                }
                guard number == 3 + round else { return nil }
                return round % 2 == 0 ? .cutBody(after: 1000 * round) : .loseAnswer
            }
            #expect(try await scene.package("\(app):1", to: baked).digest == whole)
            #expect(patches.withLock { $0 } > Self.chunks)
        }
    }

    @Test(.enabled(if: Tool.runs("skopeo"), "skopeo is not installed"))
    func skopeoPullsItByteForByte() async throws {
        try await withScene { scene, host in
            let (app, baked) = (repository(host, "app"), repository(host, "baked"))
            let folder = try TemporaryFolder()
            try await scene.pushApplication("\(app):1", layers: [try await tar(["bin/app": "application"])])
            let outcome = try await scene.package("\(app):1", to: baked)
            let skopeo = try #require(Tool.find("skopeo"))
            let image = "docker://\(baked)@\(outcome.digest)"
            let copy = ["--insecure-policy", "copy", "--src-tls-verify=false", image, "oci:\(folder.path)/oci:1"]
            _ = try await skopeo.succeed(copy)
            let inspected = try await skopeo.succeed(["inspect", "--config", "oci:\(folder.path)/oci:1"])
            #expect(try JSONValue(parsing: inspected)["config"]?["Labels"]?[PackagingKeys.version] == "41")
            if let umoci = Tool.find("umoci") {
                _ = try await umoci.succeed([
                    "unpack", "--rootless", "--image", "\(folder.path)/oci:1", "\(folder.path)/bundle",
                ])
            } else {
                let index = try JSONValue(parsing: try #require(folder.text("oci/index.json")))
                let manifest = try #require(index["manifests"]?[0]?["digest"]?.string).dropFirst(7)
                let layers = try JSONValue(parsing: try #require(folder.text("oci/blobs/sha256/\(manifest)")))["layers"]
                try FileManager.default.createDirectory(
                    atPath: folder.path + "/bundle/rootfs",
                    withIntermediateDirectories: true
                )
                for layer in layers?.array ?? [] {
                    let blob = try #require(layer["digest"]?.string).dropFirst(7)
                    let file = "\(folder.path)/oci/blobs/sha256/\(blob)"
                    let arguments = ["-xf", file, "-C", folder.path + "/bundle/rootfs"]
                    _ = try await #require(Tool.find("tar")).succeed(arguments)
                }
            }
            let root = folder.path + "/bundle/rootfs"
            #expect(FileManager.default.contents(atPath: root + "/bin/app") == Data("application".utf8))
            let weights = FileManager.default.contents(atPath: root + "/models/weights.bin").map { Array($0) }
            #expect(weights == PackagingScene.bytes(900_000, seed: 3))
        }
    }

    /// An archive of the machine's own tar.
    private func tar(_ files: [String: String]) async throws -> [UInt8] {
        let folder = try TemporaryFolder()
        for (path, text) in files { try folder.write(text, to: "root/\(path)") }
        let arguments = ["-cf", folder.path + "/a.tar", "-C", folder.path + "/root", "."]
        _ = try await #require(Tool.find("tar")).succeed(arguments)
        return Array(try #require(FileManager.default.contents(atPath: folder.path + "/a.tar")))
    }
}

extension TemporaryFolder {
    fileprivate func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }
}
