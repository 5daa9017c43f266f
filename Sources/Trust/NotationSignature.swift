public import Artifacts
import JSON

/// The signature of an artifact by Notation: a JWS envelope with a chain of certificates (notaryproject/specifications,
/// signature-envelope-jws and trust-store-trust-policy).
public struct NotationSignature: Sendable {
    /// The type of the artifact that carries one.
    public static let artifactType = "application/vnd.cncf.notary.signature"
    /// The type of its layer, where the envelope is JWS.
    public static let envelopeMediaType = "application/jose+json"
    /// The largest envelope that is read.
    public static let maximumBytes = 4 << 20

    private static let contentType = "application/vnd.cncf.notary.payload.v1+json"
    private static let schemeHeader = "io.cncf.notary.signingScheme"
    private static let expiryHeader = "io.cncf.notary.expiry"

    private let message: [UInt8]
    private let signature: [UInt8]
    private let algorithm: String
    private let target: JSONValue
    private let expiry: Timestamp?
    private let evidence: SignerTrust.Evidence

    /// Reads an envelope. Throws `malformed`, or `unsupported` for what its critical headers ask.
    public init(parsing bytes: [UInt8]) throws(TrustError) {
        let envelope = try Self.json(bytes, "the signature")
        guard let payload = envelope["payload"]?.string, let protected = envelope["protected"]?.string,
            let signature = envelope["signature"]?.string.flatMap(Base64.decodeAnyForm),
            let payloadBytes = Base64.decodeAnyForm(payload), let protectedBytes = Base64.decodeAnyForm(protected)
        else { throw TrustError(.malformed, "the signature is no JWS envelope in flattened form") }
        message = Array("\(protected).\(payload)".utf8)
        self.signature = signature
        target = try Self.json(payloadBytes, "what is signed")["targetArtifact"] ?? .null
        let header = try Self.json(protectedBytes, "the protected header")
        algorithm = header["alg"]?.string ?? ""
        expiry = try Self.check(header)

        var evidence = SignerTrust.Evidence()
        let certificates = envelope["header"]?["x5c"]?.array ?? []
        guard !certificates.isEmpty, certificates.count <= CertificateStore.maximumDepth else {
            throw TrustError(.malformed, "the signature has no certificates (x5c), or too many")
        }
        for certificate in certificates {
            guard let der = certificate.string.flatMap(Base64.decode) else {
                throw TrustError(.malformed, "a certificate of the signature is no base64")
            }
            evidence.chain.append(try Certificate(der: der))
        }
        if let stamp = envelope["header"]?["io.cncf.notary.timestampSignature"] {
            guard let der = stamp.string.flatMap(Base64.decodeAnyForm) else {
                throw TrustError(.malformed, "the time stamp of the signature is no base64")
            }
            evidence.timestamps = [der]
            evidence.stamped = signature
        }
        self.evidence = evidence
    }

    /// Checks that somebody who is trusted signed `digest`, and that the signature has not expired.
    public func verify(
        of digest: Digest,
        by trust: SignerTrust,
        at now: Timestamp
    ) throws(TrustError) -> SignerTrust.Signer {
        let (algorithm, signature, evidence) = (algorithm, signature, evidence)
        guard let key = try evidence.chain.first?.publicKey,
            let scheme = Self.scheme(algorithm, for: key.kind),
            let encoded = Self.encoded(signature, for: key.kind)
        else {
            throw TrustError(
                .badSignature,
                "the algorithm \"\(algorithm.clipped)\" is not the one of Notation for the key of the certificate"
            )
        }
        var signer = try trust.verify(
            encoded,
            of: message,
            evidence,
            schemes: { $0 == key.kind ? [scheme] : [] },
            at: now
        )
        guard target["digest"]?.string == digest.description else {
            throw TrustError(.otherSubject, "the signature is of another image")
        }
        if let expiry {
            guard now < expiry else { throw TrustError(.untrusted, "the signature expired at \(expiry.rfc3339)") }
            signer.validUntil = min(expiry, signer.validUntil ?? expiry)
        }
        return signer
    }

    /// What the protected header asks of who verifies: everything critical has to be understood.
    private static func check(_ header: JSONValue) throws(TrustError) -> Timestamp? {
        guard header["cty"]?.string == contentType else {
            throw TrustError(.malformed, "the payload is none of Notation (cty)")
        }
        let critical = (header["crit"]?.array ?? []).map { $0.string ?? "" }
        guard critical.contains(schemeHeader), let scheme = header[schemeHeader]?.string else {
            throw TrustError(.malformed, "the signing scheme is missing, or not critical")
        }
        guard scheme == "notary.x509" else {
            throw TrustError(.unsupported, "the signing scheme \(scheme.clipped) is not notary.x509")
        }
        if let unknown = critical.first(where: { ![schemeHeader, expiryHeader].contains($0) }) {
            throw TrustError(.unsupported, "the critical header \(unknown.clipped) is not understood")
        }
        guard let text = header[expiryHeader] else {
            guard !critical.contains(expiryHeader) else {
                throw TrustError(.malformed, "the expiry is critical, and missing")
            }
            return nil
        }
        guard let expiry = text.string.flatMap({ try? Timestamp(rfc3339: $0) }), critical.contains(expiryHeader) else {
            throw TrustError(.malformed, "the expiry is no time, or not critical")
        }
        return expiry
    }

    /// The algorithm for a key (signature-specification: algorithm selection); nil where the pair is another one, so
    /// that nobody talks us into a weaker hash.
    private static func scheme(_ algorithm: String, for kind: PublicKey.Kind) -> SignatureScheme? {
        switch (algorithm, kind) {
        case ("PS256", .rsa(2048)): .rsaPSS(.sha256)
        case ("PS384", .rsa(3072)): .rsaPSS(.sha384)
        case ("PS512", .rsa(4096)): .rsaPSS(.sha512)
        case ("ES256", .p256): .ecdsa(.sha256)
        case ("ES384", .p384): .ecdsa(.sha384)
        case ("ES512", .p521): .ecdsa(.sha512)
        default: nil
        }
    }

    /// The signature as OpenSSL takes it.
    private static func encoded(_ signature: [UInt8], for kind: PublicKey.Kind) -> [UInt8]? {
        switch kind {
        case .p256: ECDSASignature.der(signature, width: 32)
        case .p384: ECDSASignature.der(signature, width: 48)
        case .p521: ECDSASignature.der(signature, width: 66)
        case .rsa, .ed25519: signature
        }
    }

    private static func json(_ bytes: [UInt8], _ what: String) throws(TrustError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw TrustError(.malformed, "\(what) is no JSON: \(error)")
        }
    }
}
