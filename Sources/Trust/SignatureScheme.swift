import COpenSSL

/// How a signature is made of a message. What a public key verifies; `SignatureAlgorithm` is how our own keys sign.
public enum SignatureScheme: Sendable, Hashable {
    /// The hash of the message that is signed.
    public enum Hash: String, Sendable, Hashable, CaseIterable {
        /// SHA-256.
        case sha256 = "SHA256"
        /// SHA-384.
        case sha384 = "SHA384"
        /// SHA-512.
        case sha512 = "SHA512"

        /// How many bytes it has.
        var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }

        /// OpenSSL's implementation; it lives as long as the process.
        var implementation: OpaquePointer? {
            switch self {
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        }

        /// The hash of `bytes`; nil where OpenSSL has no memory.
        func digest(of bytes: [UInt8]) -> [UInt8]? {
            var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var count = 0
            guard EVP_Q_digest(nil, rawValue, nil, bytes, bytes.count, &output, &count) == 1 else { return nil }
            return Array(output.prefix(count))
        }
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017).
    case rsaPKCS1(Hash)
    /// RSASSA-PSS with MGF1 of the same hash and a salt as long as the hash (RFC 8017).
    case rsaPSS(Hash)
    /// ECDSA; the signature is DER.
    case ecdsa(Hash)
    /// Ed25519, of the message itself (RFC 8032).
    case ed25519
}
