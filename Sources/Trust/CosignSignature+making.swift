public import Artifacts
import JSON

/// Signatures as `cosign sign --key` makes them, under a tag of their image.
extension CosignSignature {
    /// The tag under which the signatures of an image lie.
    public static func tag(of digest: Digest) -> String { "\(digest.algorithm.rawValue)-\(digest.hex.prefix(64)).sig" }

    /// What is signed of an image (containers/image, simple signing).
    public static func payload(about digest: Digest, in repository: String) -> [UInt8] {
        let document: JSONValue = [
            "critical": [
                "identity": ["docker-reference": .string(repository)],
                "image": ["docker-manifest-digest": .string(digest.description)],
                "type": .string(payloadType),
            ],
            "optional": .null,
        ]
        return document.canonicalBytes
    }

    /// The annotations of the layer that holds `payload`: its signature by `key`.
    public static func annotations(
        signing payload: [UInt8],
        with key: PrivateKey
    ) throws(TrustError) -> [String: String] {
        [signatureAnnotation: Base64.encode(try key.sigstoreSignature(of: payload))]
    }
}
