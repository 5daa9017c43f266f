import Artifacts
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import DevCluster

/// An artifact with a model as tools push it.
struct TestArtifact: Sendable {
    /// One layer.
    struct Layer: Sendable {
        var bytes: [UInt8]
        var mediaType: String
        var annotations: [String: String] = [:]

        /// A file as ORAS pushes it, which says tar of everything.
        static func oras(_ name: String, _ bytes: [UInt8]) -> Layer {
            Layer(
                bytes: bytes,
                mediaType: "application/vnd.oci.image.layer.v1.tar",
                annotations: ["org.opencontainers.image.title": name]
            )
        }

        /// A part of a ModelKit: an archive without compression, which is what `kit pack` makes.
        static func modelKit(_ archive: [UInt8], _ kind: String = "model") -> Layer {
            Layer(bytes: archive, mediaType: "application/vnd.kitops.modelkit.\(kind).v1.tar")
        }

        /// A file of a ModelPack.
        static func modelPack(_ name: String, _ bytes: [UInt8]) -> Layer {
            Layer(
                bytes: bytes,
                mediaType: "application/vnd.cncf.model.weight.v1.raw",
                annotations: ["org.cncf.model.filepath": name]
            )
        }
    }

    var layers: [Layer]
    var configurationType = "application/vnd.oci.empty.v1+json"

    /// The files of one model, as ORAS pushes them.
    static func files(_ files: [String: [UInt8]]) -> TestArtifact {
        TestArtifact(layers: files.sorted { $0.key < $1.key }.map { .oras($0.key, $0.value) })
    }

    var manifest: [UInt8] {
        let entries = layers.map { layer in
            Self.descriptor(layer.mediaType, layer.bytes).merged([
                "annotations": .object(layer.annotations.mapValues { .string($0) })
            ])
        }
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.example.model",
            "config": Self.descriptor(configurationType, Array("{}".utf8)), "layers": .array(entries),
        ]
        return manifest.canonicalBytes
    }

    var digest: String { Self.digest(manifest) }

    /// Pushes it, and returns its digest.
    @discardableResult
    func push(
        _ tag: String,
        to repository: String,
        over transport: any HTTPTransport,
        origin: HTTPURL,
        authorization: String? = nil
    ) async throws -> String {
        func send(
            _ method: HTTPRequest.Method,
            _ target: String,
            _ type: String,
            _ bytes: [UInt8]
        ) async throws -> HTTPURL? {
            let address = HTTPURL(target) ?? HTTPURL(origin.origin + target)
            let url = try #require(address, "no address: \(target)")
            var fields: HTTPFields = [.contentType: type, .contentLength: String(bytes.count)]
            fields[.authorization] = authorization
            return try await transport.withResponse(
                to: url.request(method, fields),
                body: .bytes(bytes),
                timeouts: .call
            ) { response, _ in
                try #require((200..<300).contains(response.status.code), "\(method) \(target): \(response.status)")
                let location = response.headerFields[.location] ?? ""
                return HTTPURL(location) ?? HTTPURL(origin.origin + location)
            }
        }
        for blob in layers.map(\.bytes) + [Array("{}".utf8)] {
            // In two requests, as every registry takes them.
            let path = "/v2/\(repository)/blobs/uploads/"
            var upload = try #require(try await send(.post, path, "application/octet-stream", []))
            let digest = "digest=" + HTTPURL.encode(Self.digest(blob))
            upload.query = [upload.query, digest].compactMap { $0 }.joined(separator: "&")
            _ = try await send(.put, upload.description, "application/octet-stream", blob)
        }
        let type = "application/vnd.oci.image.manifest.v1+json"
        _ = try await send(.put, "/v2/\(repository)/manifests/\(tag)", type, manifest)
        return digest
    }

    static func digest(_ bytes: [UInt8]) -> String { "sha256:" + Array(SHA256.hash(data: bytes)).hexadecimal }

    private static func descriptor(_ type: String, _ bytes: [UInt8]) -> JSONValue {
        ["mediaType": .string(type), "digest": .string(digest(bytes)), "size": .integer(Int64(bytes.count))]
    }
}

extension JSONValue {
    fileprivate func merged(_ other: JSONValue) -> JSONValue {
        .object((object ?? [:]).merging(other.object ?? [:]) { $1 })
    }
}

/// Archives by the machine's own tar.
enum TestArchive {
    /// An archive of files, in one of GNU tar's formats: `ustar`, `gnu`, `pax`, `v7`.
    static func make(_ files: [String: [UInt8]], format: String = "gnu") async throws -> [UInt8] {
        let folder = try TemporaryFolder()
        for (path, bytes) in files {
            let url = URL(fileURLWithPath: folder.path + "/files/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: url)
        }
        let archive = folder.path + "/archive.tar"
        let tar = try #require(Tool.find("tar"), "tar is not installed")
        _ = try await tar.succeed(["--format=\(format)", "-C", folder.path + "/files", "-cf", archive, "."])
        return Array(try Data(contentsOf: URL(fileURLWithPath: archive)))
    }

    /// An archive that Python's tarfile makes of a script's entries: `add(name, type, data, link)`.
    static func hostile(_ script: String) async throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let archive = folder.path + "/archive.tar"
        let python = try #require(Tool.find("python3"), "python3 is not installed")
        let program = """
            import io, sys, tarfile
            tar = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
            def add(name, type=tarfile.REGTYPE, data=b"x", link=""):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = type, link
                info.size = len(data) if type == tarfile.REGTYPE else 0
                tar.addfile(info, io.BytesIO(data) if type == tarfile.REGTYPE else None)
            \(script)
            tar.close()
            """
        _ = try await python.succeed(["-c", program, archive])
        return Array(try Data(contentsOf: URL(fileURLWithPath: archive)))
    }
}
