public import Artifacts
import JSON

/// Signatures of images by cosign, in both forms that it makes.
public enum CosignSignature {
    /// The annotation of a layer that holds the signature of its blob.
    public static let signatureAnnotation = "dev.cosignproject.cosign/signature"
    /// The annotation with the certificate of the signer, PEM.
    public static let certificateAnnotation = "dev.sigstore.cosign/certificate"
    /// The annotation with the certificates above it, PEM.
    public static let chainAnnotation = "dev.sigstore.cosign/chain"
    /// The type of a layer whose blob is signed.
    public static let payloadMediaType = "application/vnd.dev.cosign.simplesigning.v1+json"
    /// How the type of a layer with a bundle begins; its version follows.
    public static let bundleMediaTypePrefix = SigstoreBundle.mediaTypePrefix
    /// The largest payload or bundle that is read.
    public static let maximumBytes = 4 << 20

    static let payloadType = "cosign container image signature"
    private static let predicateType = "https://sigstore.dev/cosign/sign/v1"

    /// Verifies a layer of a `.sig` image: that `annotations` hold a signature of `payload` by somebody who is trusted,
    /// and that the payload is about `digest` (containers/image, simple signing: atomic container signature).
    ///
    /// The name of the repository in the payload is not compared: an image keeps its signature when it is mirrored.
    public static func verify(
        payload: [UInt8],
        annotations: [String: String],
        of digest: Digest,
        by trust: SignerTrust,
        at now: Timestamp
    ) throws(TrustError) -> SignerTrust.Signer {
        guard let signature = annotations[signatureAnnotation].flatMap(Base64.decode), !signature.isEmpty else {
            throw TrustError(.malformed, "the layer has no signature in its annotation \(signatureAnnotation)")
        }
        var evidence = SignerTrust.Evidence()
        for name in [certificateAnnotation, chainAnnotation] {
            guard let pem = annotations[name], !pem.isEmpty else { continue }
            evidence.chain += try CertificateStore(pem: Array(pem.utf8)).anchors
        }
        let signer = try trust.verify(
            signature,
            of: payload,
            evidence,
            schemes: SigstoreBundle.schemes,
            at: now
        )
        let document: JSONValue
        do {
            document = try JSONValue(parsing: payload)
        } catch {
            throw TrustError(.malformed, "what is signed is no JSON: \(error)")
        }
        let critical = document["critical"]
        guard critical?["type"]?.string == payloadType else {
            throw TrustError(.otherSubject, "what is signed is no signature of an image")
        }
        guard critical?["image"]?["docker-manifest-digest"]?.string == digest.description else {
            throw TrustError(.otherSubject, "the signature is of another image")
        }
        return signer
    }

    /// Verifies a bundle: that it holds cosign's statement about `digest`, by somebody who is trusted. Other statements
    /// by the same signer, such as where an image was built, are no signatures.
    public static func verify(
        bundle: [UInt8],
        of digest: Digest,
        by trust: SignerTrust,
        at now: Timestamp
    ) throws(TrustError) -> SignerTrust.Signer {
        let (statement, signer) = try SigstoreBundle(parsing: bundle).statement(trust, at: now)
        guard statement.predicateType == predicateType else {
            throw TrustError(
                .otherSubject,
                "the statement is no signature of an image: \(statement.predicateType.clipped)"
            )
        }
        guard digest.algorithm == .sha256, statement.subjects.contains(digest.hex) else {
            throw TrustError(.otherSubject, "the signature is of another image")
        }
        return signer
    }
}
