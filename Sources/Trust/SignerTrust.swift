public import Artifacts

/// Whose signatures count: one key, or whoever trusted roots certify.
public struct SignerTrust: Sendable, Hashable {
    private enum Anchor: Sendable, Hashable {
        case key(PublicKey)
        case certificates(CertificateStore, [CertificateIdentity])
    }

    private let anchor: Anchor
    /// Whose time stamps prove when a certificate signed; without one, certificates must be valid now.
    public let timestampAuthorities: CertificateStore?

    /// Signatures by one key.
    public init(key: PublicKey) {
        anchor = .key(key)
        timestampAuthorities = nil
    }

    /// Signatures by certificates that `store` trusts and that are one of `identities`.
    public init(
        store: CertificateStore,
        identities: [CertificateIdentity],
        timestampAuthorities: CertificateStore? = nil
    ) {
        anchor = .certificates(store, identities)
        self.timestampAuthorities = timestampAuthorities
    }

    /// Who signed.
    public struct Signer: Sendable, Hashable {
        /// The key or the certificate, for people.
        public var description: String
        /// From when on the signature does not count any more; nil where it counts for good.
        public var validUntil: Timestamp?
    }

    /// What came with a signature to prove who made it.
    struct Evidence {
        /// The certificate of the key and those above it; empty where only the key itself can tell.
        var chain: [Certificate] = []
        /// Time stamps of the signature, as DER.
        var timestamps: [[UInt8]] = []
        /// What the time stamps are over, where that is another form of the signature than the one that is verified.
        var stamped: [UInt8]?
    }

    /// Checks one signature. Throws `badSignature`, or `untrusted` where it is whole and the signer is not trusted.
    /// - Parameter schemes: what the format allows for a kind of key.
    func verify(
        _ signature: [UInt8],
        of message: [UInt8],
        _ evidence: Evidence,
        schemes: (PublicKey.Kind) -> [SignatureScheme],
        at now: Timestamp
    ) throws(TrustError) -> Signer {
        switch anchor {
        case .key(let key):
            guard key.isValid(signature, of: message, anyOf: schemes(key.kind)) else {
                throw TrustError(.badSignature, "the signature is not one of the \(key)")
            }
            return Signer(description: key.description)
        case .certificates(let store, let identities):
            guard let leaf = evidence.chain.first else {
                throw TrustError(.untrusted, "the signature comes without a certificate, and certificates are trusted")
            }
            let key = try leaf.publicKey
            guard key.isValid(signature, of: message, anyOf: schemes(key.kind)) else {
                throw TrustError(.badSignature, "the signature is not one of the certificate of \(leaf.subject)")
            }
            let stamped = try time(of: evidence.stamped ?? signature, evidence.timestamps)
            let chain = try store.verify(
                leaf,
                intermediates: Array(evidence.chain.dropFirst()),
                at: stamped ?? now
            )
            guard identities.contains(where: { $0.matches(leaf) }) else {
                let names = leaf.alternativeNames.joined(separator: ", ").clipped
                throw TrustError(
                    .untrusted,
                    "the certificate of \(leaf.subject)\(names.isEmpty ? "" : " (\(names))") is none of the identities "
                        + "that are trusted"
                )
            }
            let until = stamped == nil ? chain.map(\.notAfter).min() : nil
            return Signer(description: "the certificate of \(leaf.subject)", validUntil: until)
        }
    }

    /// When the signature was made, by the time stamps that authorities vouch for; nil where none is trusted or there.
    /// A time stamp that is there and wrong is refused: it was put there to be looked at.
    private func time(of signature: [UInt8], _ timestamps: [[UInt8]]) throws(TrustError) -> Timestamp? {
        guard let timestampAuthorities, let token = timestamps.first else { return nil }
        return try TimestampToken(der: token).time(of: signature, by: timestampAuthorities)
    }
}
