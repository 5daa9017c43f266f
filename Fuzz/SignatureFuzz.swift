import Artifacts
import Trust

/// Readers of keys, certificates and signatures: no input crashes them, none costs more than a bounded time, and none is
/// taken for a signature by a key that has signed nothing.
enum SignatureFuzz {
    /// A key whose private half nobody has kept.
    private static let key = try? PublicKey(
        pem: Array(
            """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/aLFQedhgl/OPJfFIxPzUGwX7dCb
            b6dqDF+L1SbzooEBzCCWubljIkVJtT90NgFD1wLU14SufsreUc4c76t4Ng==
            -----END PUBLIC KEY-----

            """.utf8
        )
    )
    private static let image = try? Digest("sha256:" + String(repeating: "0", count: 64))
    private static let now = Timestamp(seconds: 1_796_083_200)

    static func read(_ input: [UInt8], as target: FuzzTarget) {
        guard let key, let image else { preconditionFailure("the key of the fuzzer is broken") }
        let trust = SignerTrust(key: key)
        switch target {
        case .pem:
            if let store = try? CertificateStore(pem: input) { verify(store) }
            _ = try? PublicKey(pem: input)
            _ = try? SigningIdentity(SecretBytes(input), password: SecretBytes("sesame"))
        case .pkcs12: _ = try? SigningIdentity(SecretBytes(input), password: SecretBytes("sesame"))
        case .bundle:
            let image = try? CosignSignature.verify(bundle: input, of: image, by: trust, at: now)
            let model = try? ModelSigningBundle(parsing: input).verify(by: trust, at: now)
            precondition(image == nil && model == nil, "a signature by a key that signed nothing")
        case .jws:
            let signer = try? NotationSignature(parsing: input).verify(of: image, by: trust, at: now)
            precondition(signer == nil, "a signature by a key that signed nothing")
        default: preconditionFailure("\(target) reads no signatures")
        }
    }

    private static func verify(_ store: CertificateStore) {
        for certificate in store.anchors.prefix(4) {
            _ = certificate.alternativeNames
            _ = certificate.subjectAttributes
            _ = try? certificate.publicKey
            _ = try? store.verify(certificate, intermediates: store.anchors, at: now)
        }
    }
}
