import Artifacts
import Crypto
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON

/// Pushes an image as CI would: one small layer, a configuration, a manifest under a tag.
struct DemoImage {
    let registry: EmulatedRegistry
    let repository: String

    /// Pushes the build `tag` and returns its digest.
    func push(_ tag: String) async throws -> String {
        let layer = Array("application, build \(tag)\n".utf8)
        let configuration: JSONValue = [
            "architecture": "amd64", "os": "linux", "config": ["Labels": ["build": .string(tag)]],
            "rootfs": ["type": "layers", "diff_ids": [.string(digest(layer))]],
        ]
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", configuration.canonicalBytes),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        ]
        try await upload(layer)
        try await upload(configuration.canonicalBytes)
        try await send(
            .put,
            "/v2/\(repository)/manifests/\(tag)",
            "application/vnd.oci.image.manifest.v1+json",
            manifest.canonicalBytes
        )
        return digest(manifest.canonicalBytes)
    }

    private func descriptor(_ type: String, _ bytes: [UInt8]) -> JSONValue {
        ["mediaType": .string(type), "digest": .string(digest(bytes)), "size": .integer(Int64(bytes.count))]
    }

    private func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + Array(SHA256.hash(data: bytes)).hexadecimal
    }

    private func upload(_ bytes: [UInt8]) async throws {
        let target = "/v2/\(repository)/blobs/uploads/?digest=\(HTTPURL.encode(digest(bytes)))"
        try await send(.post, target, "application/octet-stream", bytes)
    }

    private func send(_ method: HTTPRequest.Method, _ target: String, _ type: String, _ bytes: [UInt8]) async throws {
        let request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "127.0.0.1",
            path: target,
            headerFields: [.contentType: type, .contentLength: String(bytes.count)]
        )
        try await InProcessTransport(to: registry).withResponse(to: request, body: .bytes(bytes), timeouts: .call) {
            response,
            _ in
            guard response.status.code == 201 else {
                throw HTTPTransportError(.invalidRequest, "the registry answered \(response.status.code) to a push")
            }
        }
    }
}
