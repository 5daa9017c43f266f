/// How a private key signs, by the names of JSON web signatures (RFC 7518 section 3.1). All hash with SHA-256.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// RSASSA-PKCS1-v1_5.
    case rs256 = "RS256"
    /// RSASSA-PSS with a salt as long as the hash.
    case ps256 = "PS256"
    /// ECDSA on P-256; the signature is the two numbers, 32 bytes each.
    case es256 = "ES256"
}
