import Artifacts
import AsyncHTTPTransport
import Crypto
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import DevCluster

/// A registry and an S3 server, used as a build and an upload tool would.
struct Upstreams: Sendable {
    /// `host:port`.
    let registry: String
    /// The URL.
    let s3: String
    private let transport: AsyncHTTPTransport?
    /// Takes the uploads where the server behind `s3` is emulated, which wants them signed.
    private let store: EmulatedS3?

    static let bucket = "modelapp-real"

    /// Sources that nobody answers for.
    static let nowhere = Upstreams()

    private init() {
        (registry, s3) = ("127.0.0.1:9", "http://127.0.0.1:9")
        (transport, store) = (nil, nil)
    }

    /// Emulated servers, at these addresses.
    init(_ pool: ClientPool, registry: String, s3: String, store: EmulatedS3) throws {
        (self.registry, self.s3) = (registry, s3)
        transport = try pool.transport()
        self.store = store
        _ = try store.shelf.create(Self.bucket)
    }

    /// The peers of `scripts/test`.
    init(_ pool: ClientPool) async throws {
        registry = try TestPeer.registry.require()
        s3 = try TestPeer.s3.require()
        transport = try pool.transport()
        store = nil
        let made = try await send(.put, s3 + "/" + Self.bucket, "application/xml", [])
        try #require([200, 409].contains(made.status), "the bucket: \(made.status)")
    }

    /// Uploads an object.
    func upload(_ key: String, _ text: String) async throws {
        if let store {
            let bytes = Array(text.utf8)
            var object = StoredObject(.bytes(bytes), at: store.time.date())
            let digest = Array(Insecure.MD5.hash(data: bytes))
            object.md5 = digest
            // As S3 has it for an object that was uploaded whole.
            _ = try store.shelf.put(object, as: ObjectName(key), in: Self.bucket, etag: digest.hexadecimal) { _ in }
            return
        }
        let answer = try await send(.put, "\(s3)/\(Self.bucket)/\(key)", "application/octet-stream", Array(text.utf8))
        try #require(answer.status == 200, "\(key): \(answer.status)")
    }

    /// Uploads a whole version: two files, then the marker.
    func uploadVersion(_ name: String, below prefix: String) async throws {
        try await upload("\(prefix)\(name)/weights.bin", "weights \(name)")
        try await upload("\(prefix)\(name)/labels.txt", "labels \(name)")
        try await upload("\(prefix)\(name)/DONE", "")
    }

    /// Pushes an image and returns its digest.
    @discardableResult
    func push(_ tag: String, to repository: String) async throws -> String {
        let layer = Array("application, build \(tag)\n".utf8)
        let configuration: JSONValue = [
            "architecture": "amd64", "os": "linux", "config": .object([:]),
            "rootfs": ["type": "layers", "diff_ids": [.string(digest(layer))]],
        ]
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", configuration.canonicalBytes),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        ]
        let base = "http://\(registry)/v2/\(repository)"
        for blob in [layer, configuration.canonicalBytes] {
            let started = try await send(.post, base + "/blobs/uploads/", "application/octet-stream", [])
            let place = try #require(started.location.flatMap { HTTPURL(base)?.resolving($0) }, "\(started.status)")
            let separator = place.query == nil ? "?" : "&"
            let target = place.description + separator + HTTPURL.query([("digest", digest(blob))])
            let stored = try await send(.put, target, "application/octet-stream", blob)
            try #require(stored.status == 201, "a blob: \(stored.status)")
        }
        let type = "application/vnd.oci.image.manifest.v1+json"
        let done = try await send(.put, "\(base)/manifests/\(tag)", type, manifest.canonicalBytes)
        try #require(done.status == 201, "the manifest: \(done.status)")
        return digest(manifest.canonicalBytes)
    }

    private struct Answer: Sendable {
        var status: Int
        var location: String?
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ url: String,
        _ type: String,
        _ body: [UInt8]
    ) async throws -> Answer {
        let url = try #require(HTTPURL(url), "\(url)")
        let headers: HTTPFields = [.contentType: type, .contentLength: String(body.count)]
        return try await #require(transport).withResponse(
            to: url.request(method, headers),
            body: .bytes(body),
            timeouts: .call
        ) { response, chunks in
            _ = try await chunks.collect(upTo: 1 << 20)
            return Answer(status: response.status.code, location: response.headerFields[.location])
        }
    }

    private func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func descriptor(_ type: String, _ bytes: [UInt8]) -> JSONValue {
        ["mediaType": .string(type), "digest": .string(digest(bytes)), "size": .integer(Int64(bytes.count))]
    }
}
