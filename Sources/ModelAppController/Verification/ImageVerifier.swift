public import Artifacts
public import ContainerRegistry
public import Trust

/// Finds the signatures of an image in its repository, and looks for one by somebody who is trusted.
///
/// One good signature is enough: others beside it, by other keys or broken, change nothing.
public struct ImageVerifier: Sendable {
    /// Who makes the signatures.
    public enum Format: String, Sendable, Hashable {
        /// cosign, both its `.sig` images and its bundles.
        case cosign
        /// Notation, as JWS.
        case notation = "Notation"
    }

    /// What the signatures of an image come to.
    public enum Verdict: Sendable, Hashable {
        /// Signed by somebody who is trusted.
        case signed(SignerTrust.Signer)
        /// Not signed, or not by anybody who is trusted; the end of a sentence that starts with the image.
        case refused(String)
    }

    /// Who makes the signatures.
    public var format: Format
    /// Whose signatures count.
    public var trust: SignerTrust
    /// How many signatures of an image are looked at.
    private static let maximumSignatures = 32

    /// A verifier of its parts.
    public init(_ format: Format, trust: SignerTrust) {
        self.format = format
        self.trust = trust
    }

    /// Looks at the signatures of an image. Throws where the registry could not be asked, which proves nothing.
    public func verdict(
        on digest: Digest,
        in repository: ImageReference,
        _ client: RegistryClient,
        at now: Timestamp
    ) async throws(RegistryError) -> Verdict {
        var search = Search(verifier: self, digest: digest, repository: repository, client: client, now: now)
        if format == .cosign, let signer = try await search.signatureImage() { return .signed(signer) }
        if let signer = try await search.referrers() { return .signed(signer) }
        return .refused(search.reason)
    }

    /// One look at the signatures of one image.
    private struct Search {
        let verifier: ImageVerifier
        let digest: Digest
        let repository: ImageReference
        let client: RegistryClient
        let now: Timestamp
        /// What is wrong with the signatures that were found.
        private var defects: [String] = []
        private var seen = 0

        init(
            verifier: ImageVerifier,
            digest: Digest,
            repository: ImageReference,
            client: RegistryClient,
            now: Timestamp
        ) {
            self.verifier = verifier
            self.digest = digest
            self.repository = repository
            self.client = client
            self.now = now
        }

        var reason: String {
            let name = verifier.format.rawValue
            guard !defects.isEmpty else { return "it has no signature by \(name)" }
            let shown = defects.prefix(3).joined(separator: "; ")
            return "none of its signatures by \(name) counts: \(shown)"
        }

        /// The image under the tag `sha256-<hexadecimal>.sig`, where cosign 2 puts signatures.
        mutating func signatureImage() async throws(RegistryError) -> SignerTrust.Signer? {
            let client = client
            var reference = repository
            reference.digest = nil
            reference.tag = CosignSignature.tag(of: digest)
            guard
                let manifest = try await found({ () async throws(RegistryError) in
                    try await client.manifest(reference)
                }), case .image(let image) = manifest.content
            else { return nil }
            for layer in image.layers where layer.mediaType.text == CosignSignature.payloadMediaType {
                guard count() else { return nil }
                guard let payload = try await blob(layer, upTo: CosignSignature.maximumBytes) else { continue }
                do throws(TrustError) {
                    return try CosignSignature.verify(
                        payload: payload,
                        annotations: layer.annotations,
                        of: digest,
                        by: verifier.trust,
                        at: now
                    )
                } catch {
                    note(error.message)
                }
            }
            return nil
        }

        /// The manifests that say they are about the image, where Notation and cosign 3 put signatures.
        mutating func referrers() async throws(RegistryError) -> SignerTrust.Signer? {
            let (client, repository) = (client, repository)
            for descriptor in try await client.referrers(of: digest, in: repository) where mayBeSignature(descriptor) {
                guard count() else { return nil }
                guard
                    let manifest = try await found({ () async throws(RegistryError) in
                        try await client.pinned(repository, descriptor.digest)
                    }), case .image(let image) = manifest.content, isSignature(image)
                else { continue }
                for layer in image.layers.prefix(4) {
                    if let signer = try await signer(layer) { return signer }
                }
            }
            return nil
        }

        private mutating func signer(_ layer: Descriptor) async throws(RegistryError) -> SignerTrust.Signer? {
            switch verifier.format {
            case .cosign:
                guard layer.mediaType.text.hasPrefix(CosignSignature.bundleMediaTypePrefix),
                    let bundle = try await blob(layer, upTo: CosignSignature.maximumBytes)
                else { return nil }
                do throws(TrustError) {
                    return try CosignSignature.verify(bundle: bundle, of: digest, by: verifier.trust, at: now)
                } catch {
                    note(error.message)
                }
            case .notation:
                guard layer.mediaType.text == NotationSignature.envelopeMediaType else {
                    note(
                        "an envelope of the type \(layer.mediaType.text.clipped) is not read; sign with "
                            + "--signature-format jws"
                    )
                    return nil
                }
                guard let envelope = try await blob(layer, upTo: NotationSignature.maximumBytes) else { return nil }
                do throws(TrustError) {
                    return try NotationSignature(parsing: envelope).verify(of: digest, by: verifier.trust, at: now)
                } catch {
                    note(error.message)
                }
            }
            return nil
        }

        /// By its descriptor, which cosign 3.1 gives the type of its empty configuration.
        private func mayBeSignature(_ descriptor: Descriptor) -> Bool {
            guard let type = descriptor.artifactType, type != "application/vnd.oci.empty.v1+json" else { return true }
            return isSignature(type)
        }

        private func isSignature(_ image: Manifest.ImageManifest) -> Bool {
            isSignature(image.artifactType ?? image.configuration.mediaType.text)
        }

        private func isSignature(_ artifactType: String) -> Bool {
            switch verifier.format {
            case .cosign: artifactType.hasPrefix(CosignSignature.bundleMediaTypePrefix)
            case .notation: artifactType == NotationSignature.artifactType
            }
        }

        private mutating func blob(_ layer: Descriptor, upTo limit: Int) async throws(RegistryError) -> [UInt8]? {
            let (client, repository) = (client, repository)
            return try await found { () async throws(RegistryError) in
                try await client.blob(repository, layer.digest, size: layer.size, limit: limit)
            }
        }

        /// What a read gives; nil, and noted, where what lies in the repository is broken, as opposed to the registry.
        private mutating func found<Value: Sendable>(
            _ read: () async throws(RegistryError) -> Value?
        ) async throws(RegistryError) -> Value? {
            do throws(RegistryError) {
                return try await read()
            } catch {
                let broken: [RegistryError.Code] = [
                    .unexpectedMediaType, .malformedAnswer, .notFound, .tooLarge, .digestMismatch,
                ]
                guard broken.contains(error.code) else { throw error }
                note(error.message)
                return nil
            }
        }

        private mutating func count() -> Bool {
            seen += 1
            if seen > ImageVerifier.maximumSignatures { note("there are more than \(ImageVerifier.maximumSignatures)") }
            return seen <= ImageVerifier.maximumSignatures
        }

        private mutating func note(_ defect: String) {
            if !defects.contains(defect) { defects.append(defect) }
        }
    }
}
