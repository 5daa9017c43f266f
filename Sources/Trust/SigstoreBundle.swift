import Artifacts
import JSON

/// A signature with what is needed to verify it (sigstore/protobuf-specs, bundle v0.1 to v0.3), by a key or by a chain of
/// certificates. Entries of a transparency log are not looked at.
struct SigstoreBundle {
    /// What is signed.
    let envelope: DSSEEnvelope
    /// Who signed, as far as the bundle tells.
    let evidence: SignerTrust.Evidence

    /// The media type of the artifact that carries one, without its version.
    static let mediaTypePrefix = "application/vnd.dev.sigstore.bundle"

    private static let mediaTypes: Set<String> = [
        "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.2", "application/vnd.dev.sigstore.bundle+json;version=0.1",
    ]

    /// Reads a bundle. Throws `malformed`, or `unsupported` for one without an envelope.
    init(parsing bytes: [UInt8]) throws(TrustError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw TrustError(.malformed, "the signature is no JSON: \(error)")
        }
        guard let type = document["mediaType"]?.string, Self.mediaTypes.contains(type) else {
            throw TrustError(.malformed, "the signature is not a bundle of sigstore v0.1 to v0.3")
        }
        guard let envelope = document["dsseEnvelope"] else {
            throw TrustError(.unsupported, "the bundle has no envelope with a statement (dsseEnvelope)")
        }
        self.envelope = try DSSEEnvelope(envelope)
        let material = document["verificationMaterial"]
        let certificates =
            material?["x509CertificateChain"]?["certificates"]?.array
            ?? material?["certificate"].map { [$0] } ?? []
        guard certificates.count <= CertificateStore.maximumDepth else {
            throw TrustError(.tooCostly, "the bundle has more than \(CertificateStore.maximumDepth) certificates")
        }
        var evidence = SignerTrust.Evidence()
        for certificate in certificates {
            guard let der = certificate["rawBytes"]?.string.flatMap(Base64.decodeAnyForm) else {
                throw TrustError(.malformed, "a certificate in the bundle is no base64")
            }
            evidence.chain.append(try Certificate(der: der))
        }
        let stamps = material?["timestampVerificationData"]?["rfc3161Timestamps"]?.array ?? []
        evidence.timestamps = stamps.prefix(4).compactMap {
            $0["signedTimestamp"]?.string.flatMap(Base64.decodeAnyForm)
        }
        self.evidence = evidence
    }

    /// The statement, once its signature is found to be by somebody who is trusted.
    func statement(
        _ trust: SignerTrust,
        at now: Timestamp
    ) throws(TrustError) -> (Statement, SignerTrust.Signer) {
        let signer = try trust.verify(
            envelope.signature,
            of: envelope.signedBytes,
            evidence,
            schemes: Self.schemes,
            at: now
        )
        return (try Statement(envelope), signer)
    }

    /// The schemes of sigstore for a kind of key (protobuf-specs, PublicKeyDetails), and those with SHA-256 that cosign
    /// made before it followed them.
    static func schemes(_ kind: PublicKey.Kind) -> [SignatureScheme] {
        switch kind {
        case .rsa: [.rsaPKCS1(.sha256), .rsaPSS(.sha256)]
        case .p256: [.ecdsa(.sha256)]
        case .p384: [.ecdsa(.sha384), .ecdsa(.sha256)]
        case .p521: [.ecdsa(.sha512), .ecdsa(.sha256)]
        case .ed25519: [.ed25519]
        }
    }
}
