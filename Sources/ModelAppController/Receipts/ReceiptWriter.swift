import Artifacts
import ContainerRegistry
import HTTPTransport
import JSON
import ReleasePlanning
import Trust

/// Puts a receipt into a registry: an artifact about its image, under a tag of its release.
///
/// The tag comes last but for the list that stands in for a registry's own: whoever finds it has only to see to that.
struct ReceiptWriter: Sendable {
    let client: RegistryClient
    let repository: ImageReference
    /// Who signs; nil for a statement that nobody signs.
    let signer: ImageSigner?

    /// Sees to it that the receipt is there. One that is stays as it is; of an image that is gone there is none to keep.
    func keep(_ order: ReceiptOrder) async throws(RegistryError) {
        var pinned = repository
        (pinned.tag, pinned.digest) = (nil, order.image)
        if let digest = try await client.resolve(repository, tag: order.tag) {
            return try await list(digest, about: order.image)
        }
        guard let image = try await client.manifest(pinned) else { return }
        let subject = Descriptor(mediaType: image.mediaType, digest: image.digest, size: Int64(image.bytes.count))
        let (bytes, type) = try content(order)
        let layer = try Self.descriptor(MediaType(type), bytes)
        let empty = Array("{}".utf8)
        let configuration = try Self.descriptor(.ociEmpty, empty)
        for (bytes, part) in [(bytes, layer), (empty, configuration)] {
            try await client.upload(bytes, as: part.digest, to: repository)
        }
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.text), "artifactType": .string(type),
            "config": configuration.document, "layers": [layer.document], "subject": subject.document,
            "annotations": [
                "org.opencontainers.image.created": .string(order.convergedAt),
                "dev.modelapp.release": .string(order.release),
            ],
        ]
        let digest = try await client.put(
            manifest: manifest.canonicalBytes,
            .ociManifest,
            tag: order.tag,
            in: repository
        )
        try await list(digest, about: order.image)
    }

    private func content(_ order: ReceiptOrder) throws(RegistryError) -> ([UInt8], String) {
        let statement = order.statement.canonicalBytes
        guard let signer else { return (statement, SignedStatement.statementMediaType) }
        do throws(TrustError) {
            return (try signer.bundle(of: statement), SignedStatement.bundleMediaType)
        } catch {
            throw RegistryError(.rejected, "the receipt of \(order.release) cannot be signed: \(error.message)")
        }
    }

    /// In a registry that does not list what is about an image by itself, adds it to the list that clients keep instead
    /// (distribution specification 1.1: unavailable referrers API).
    private func list(_ digest: Digest, about image: Digest) async throws(RegistryError) {
        if try await client.referrers(of: image, in: repository).contains(where: { $0.digest == digest }) { return }
        let artifact = try await client.pinned(repository, digest)
        guard case .image(let content) = artifact.content else { return }
        var reference = repository
        (reference.digest, reference.tag) = (nil, "\(image.algorithm.rawValue)-\(image.hex.prefix(64))")
        let known = try await client.manifest(reference)
        let document = known.flatMap { try? JSONValue(parsing: $0.bytes) }
        var entry = Descriptor(mediaType: artifact.mediaType, digest: digest, size: Int64(artifact.bytes.count))
            .document
        if let type = content.artifactType { entry["artifactType"] = .string(type) }
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.text),
            "manifests": .array((document?["manifests"]?.array ?? []) + [entry]),
        ]
        try await client.put(manifest: index.canonicalBytes, .ociIndex, tag: reference.tag, in: repository)
    }

    private static func descriptor(_ type: MediaType, _ bytes: [UInt8]) throws(RegistryError) -> Descriptor {
        guard let digest = ContentDigest.of(bytes) else {
            throw RegistryError(.digestMismatch, "the digest of a receipt cannot be computed")
        }
        return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }
}
