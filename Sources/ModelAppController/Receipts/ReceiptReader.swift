public import Artifacts
public import ContainerRegistry
public import JSON
import ReleasePlanning
public import Trust

/// Finds the receipts of an image in its repository.
public struct ReceiptReader: Sendable {
    /// One receipt.
    public struct Receipt: Sendable, Hashable {
        /// What it says: the release, both halves, the checks and the times.
        public var content: JSONValue
        /// Who signed it; nil for nobody.
        public var signer: SignerTrust.Signer?
    }

    /// What was found.
    public struct Findings: Sendable {
        /// The image that the receipts are about.
        public var image: Digest
        /// The receipts that count.
        public var receipts: [Receipt] = []
        /// What is wrong with the others.
        public var defects: [String] = []
    }

    /// Whose receipts count; nil for those that nobody signed.
    public var trust: SignerTrust?
    private let client: RegistryClient
    /// How many artifacts are looked at.
    private static let maximumArtifacts = 64

    /// A reader.
    public init(_ client: RegistryClient, trust: SignerTrust?) {
        self.client = client
        self.trust = trust
    }

    /// The receipts of an image or, where `digest` is that of a receipt, this one.
    public func receipts(
        of digest: Digest,
        in repository: ImageReference,
        at now: Timestamp
    ) async throws(RegistryError) -> Findings {
        let named = try await client.pinned(repository, digest)
        if case .image(let artifact) = named.content, let subject = artifact.subject {
            var findings = Findings(image: subject.digest)
            try await read(artifact, repository, &findings, now)
            return findings
        }
        var findings = Findings(image: digest)
        let type = trust == nil ? SignedStatement.statementMediaType : SignedStatement.bundleMediaType
        var seen = 0
        for descriptor in try await client.referrers(of: digest, in: repository) {
            // By what the list says of it, where it says something: cosign 3.1 has it say nothing.
            guard [type, nil, MediaType.ociEmpty.text].contains(descriptor.artifactType) else { continue }
            seen += 1
            guard seen <= Self.maximumArtifacts else { break }
            let manifest = try await client.pinned(repository, descriptor.digest)
            guard case .image(let artifact) = manifest.content, artifact.subject?.digest == digest else { continue }
            try await read(artifact, repository, &findings, now)
        }
        return findings
    }

    private func read(
        _ artifact: Manifest.ImageManifest,
        _ repository: ImageReference,
        _ findings: inout Findings,
        _ now: Timestamp
    ) async throws(RegistryError) {
        guard let layer = artifact.layers.first, artifact.layers.count == 1 else { return }
        let (kind, image) = (ReceiptOrder.predicateType, findings.image)
        guard [SignedStatement.bundleMediaType, SignedStatement.statementMediaType].contains(layer.mediaType.text)
        else {
            return
        }
        let limit = SignedStatement.maximumBytes
        guard let bytes = try await client.blob(repository, layer.digest, size: layer.size, limit: limit) else {
            return
        }
        do throws(TrustError) {
            if let trust {
                guard layer.mediaType.text == SignedStatement.bundleMediaType else {
                    throw TrustError(.untrusted, "a receipt is not signed")
                }
                let found = try SignedStatement.verify(bundle: bytes, kind, of: image, by: trust, at: now)
                findings.receipts.append(Receipt(content: found.predicate, signer: found.signer))
            } else {
                guard layer.mediaType.text == SignedStatement.statementMediaType else {
                    throw TrustError(.untrusted, "a receipt is signed: --key says by whom it has to be")
                }
                let content = try SignedStatement.predicate(of: bytes, kind, about: image)
                findings.receipts.append(Receipt(content: content, signer: nil))
            }
        } catch {
            findings.defects.append(error.message)
        }
    }
}
