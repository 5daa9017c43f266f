public import Artifacts
public import ContainerRegistry
import JSON
public import Trust

/// Signs images as `cosign sign --key` does, so that cosign, admission controllers and `modelapp verify` accept them.
///
/// What is there stays: the signatures of others, and one by the same key, beside which no second is made.
public struct ImageSigner: Sendable {
    private let key: PrivateKey
    private let verifier: ImageVerifier

    /// A signer with a private key.
    public init(key: PrivateKey) throws(TrustError) {
        self.key = key
        verifier = ImageVerifier(.cosign, trust: SignerTrust(key: try key.publicKey))
    }

    /// Signs an image of a repository, unless the key has signed it. Cut off anywhere, the next call ends it.
    public func sign(
        _ digest: Digest,
        in repository: ImageReference,
        _ client: RegistryClient,
        at now: Timestamp
    ) async throws(RegistryError) {
        if case .signed = try await verifier.verdict(on: digest, in: repository, client, at: now) { return }
        var reference = repository
        (reference.digest, reference.tag) = (nil, CosignSignature.tag(of: digest))
        var layers: [Descriptor] = []
        if let manifest = try await client.manifest(reference), case .image(let image) = manifest.content {
            layers = image.layers
        }
        let payload = CosignSignature.payload(about: digest, in: repository.name)
        var layer = try Self.descriptor(MediaType(CosignSignature.payloadMediaType), payload)
        do throws(TrustError) {
            layer.annotations = try CosignSignature.annotations(signing: payload, with: key)
        } catch {
            throw RegistryError(.rejected, "\(repository.pinned(to: digest)) cannot be signed: \(error.message)")
        }
        try await client.upload(payload, as: layer.digest, to: repository)
        layers.append(layer)
        // What cosign writes: an image for no platform, whose layers are the payloads.
        let differences: [JSONValue] = layers.map { .string($0.digest.description) }
        let configuration: JSONValue = [
            "architecture": "", "os": "", "config": .object([:]),
            "rootfs": ["type": "layers", "diff_ids": .array(differences)],
        ]
        let bytes = configuration.canonicalBytes
        let described = try Self.descriptor(.ociConfiguration, bytes)
        try await client.upload(bytes, as: described.digest, to: repository)
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.text), "config": described.document,
            "layers": .array(layers.map(\.document)),
        ]
        try await client.put(manifest: manifest.canonicalBytes, .ociManifest, tag: reference.tag, in: repository)
    }

    /// A statement with its signature, as a bundle of sigstore.
    func bundle(of statement: [UInt8]) throws(TrustError) -> [UInt8] {
        try SignedStatement.bundle(of: statement, by: key)
    }

    private static func descriptor(_ type: MediaType, _ bytes: [UInt8]) throws(RegistryError) -> Descriptor {
        guard let digest = ContentDigest.of(bytes) else {
            throw RegistryError(.digestMismatch, "the digest of a signature cannot be computed")
        }
        return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }
}
