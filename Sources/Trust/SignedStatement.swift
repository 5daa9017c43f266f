public import Artifacts
public import JSON

/// A statement about an image (in-toto attestation framework), signed in a sigstore bundle or as it is.
public enum SignedStatement {
    /// The type of a layer with a bundle, and of the artifact that carries one.
    public static let bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    /// The type of a layer with a statement that nobody signed.
    public static let statementMediaType = Statement.payloadType
    /// The largest bundle or statement that is read.
    public static let maximumBytes = 4 << 20

    /// The bundle of a statement and its signature by `key`, as `cosign attest --key` makes it.
    public static func bundle(of statement: [UInt8], by key: PrivateKey) throws(TrustError) -> [UInt8] {
        let signed = DSSEEnvelope.encoding(of: statement, type: Statement.payloadType)
        let document: JSONValue = [
            "mediaType": .string(bundleMediaType),
            "verificationMaterial": ["publicKey": ["hint": .string(try key.publicKey.fingerprint)]],
            "dsseEnvelope": [
                "payload": .string(Base64.encode(statement)), "payloadType": .string(Statement.payloadType),
                "signatures": [["sig": .string(Base64.encode(try key.sigstoreSignature(of: signed)))]],
            ],
        ]
        return document.canonicalBytes
    }

    /// What a bundle says of an image, once it is found to be signed by somebody who is trusted.
    ///
    /// Throws `otherSubject` where it is about another image or says something else.
    public static func verify(
        bundle: [UInt8],
        _ predicateType: String,
        of digest: Digest,
        by trust: SignerTrust,
        at now: Timestamp
    ) throws(TrustError) -> (predicate: JSONValue, signer: SignerTrust.Signer) {
        let (statement, signer) = try SigstoreBundle(parsing: bundle).statement(trust, at: now)
        return (try predicate(of: statement, predicateType, digest), signer)
    }

    /// What a statement that nobody signed says of an image: no proof of anything.
    public static func predicate(
        of statement: [UInt8],
        _ predicateType: String,
        about digest: Digest
    ) throws(TrustError) -> JSONValue {
        try predicate(of: Statement(parsing: statement), predicateType, digest)
    }

    private static func predicate(
        of statement: Statement,
        _ predicateType: String,
        _ digest: Digest
    ) throws(TrustError) -> JSONValue {
        guard statement.predicateType == predicateType else {
            throw TrustError(.otherSubject, "the statement says something else: \(statement.predicateType.clipped)")
        }
        guard digest.algorithm == .sha256, statement.subjects.contains(digest.hex) else {
            throw TrustError(.otherSubject, "the statement is about another image")
        }
        return statement.predicate
    }
}

extension PrivateKey {
    /// The signature that sigstore's tools expect of this kind of key: PKCS#1 for RSA, DER for ECDSA, both with SHA-256.
    func sigstoreSignature(of message: [UInt8]) throws(TrustError) -> [UInt8] {
        switch kind {
        case .rsa: return try signature(of: message, .rs256)
        case .p256:
            guard let der = ECDSASignature.der(try signature(of: message, .es256), width: 32) else {
                throw TrustError(.signing, "the private key made no signature of its curve")
            }
            return der
        }
    }
}
