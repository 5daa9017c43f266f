import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import TestSupport
import Testing

/// Images and models that real signers signed.
extension Cluster {
    /// Puts what a registry held after a signer had signed an image into this one, the image under `tag`.
    /// - Parameter signed: whether its signatures come with it.
    func install(
        _ fixture: SignedFixture,
        as tag: String,
        in repository: String = "api",
        signed: Bool = true
    ) async throws {
        for (digest, bytes) in fixture.blobs {
            let target = "/v2/\(repository)/blobs/uploads/?digest=\(HTTPURL.encode(digest.description))"
            try await send(.post, target, "application/octet-stream", bytes)
        }
        let image = try #require(fixture.manifests[fixture.image])
        try await send(.put, "/v2/\(repository)/manifests/\(tag)", image.mediaType, image.bytes)
        guard signed else { return }
        for (digest, manifest) in fixture.manifests where digest != fixture.image {
            // What a tag lists has to be there before it: the list itself comes last, by its tag.
            guard manifest.document["manifests"] == nil else { continue }
            try await send(.put, "/v2/\(repository)/manifests/\(digest)", manifest.mediaType, manifest.bytes)
        }
        for (name, digest) in fixture.tags where digest != fixture.image {
            let manifest = try #require(fixture.manifests[digest])
            try await send(.put, "/v2/\(repository)/manifests/\(name)", manifest.mediaType, manifest.bytes)
        }
    }

    /// Creates a Secret of files of the fixtures, or changes it.
    func createSecret(_ name: String, files: [String: String]) async throws {
        let values = try files.mapValues { String(decoding: try SignedFixture.bytes($0), as: UTF8.self) }
        try await createSecret(name, values)
    }

    /// Uploads a version with the files that Model Signing signed, and the marker.
    /// - Parameter signature: the file of the bundle; nil for none.
    func uploadSigned(_ version: String, signature: String?) throws {
        for file in ["model.onnx", "weights/part-1.bin"] {
            try upload("resnet/\(version)/\(file)", SignedFixture.bytes("model/\(file)"))
        }
        if let signature { try upload("resnet/\(version)/model.sig", SignedFixture.bytes(signature)) }
        try upload("resnet/\(version)/DONE", "")
    }
}
