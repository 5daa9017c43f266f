import Artifacts
import COpenSSL

/// A public key: its bytes, and what it verifies.
///
/// Guarantees that the key is RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519.
public struct PublicKey: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of key.
    public enum Kind: Sendable, Hashable {
        /// RSA, with the length of its modulus.
        case rsa(bits: Int)
        /// ECDSA on P-256.
        case p256
        /// ECDSA on P-384.
        case p384
        /// ECDSA on P-521.
        case p521
        /// Ed25519.
        case ed25519
    }

    /// The key as DER (`SubjectPublicKeyInfo`, RFC 5280).
    public let der: [UInt8]
    /// Which kind of key it is.
    public let kind: Kind

    /// The largest key that is read.
    static let maximumBytes = 16 << 10

    /// Parses DER; what follows the key is refused. Throws `malformed`, or `unsupported` for other kinds and sizes.
    public init(der: [UInt8]) throws(TrustError) {
        let handle = try PublicKey.parse(der)
        kind = try PublicKey.kind(of: handle.pointer)
        self.der = der
    }

    /// The one key of a PEM file, `-----BEGIN PUBLIC KEY-----`, as `cosign generate-key-pair` writes it.
    ///
    /// Throws `noKey` where the file has none, `severalKeys` where it has more than one, and `malformed` for what is
    /// no PEM or holds a private key besides: that has no business where a signature is verified.
    public init(pem: [UInt8]) throws(TrustError) {
        guard pem.count <= SigningIdentity.maximumBytes else {
            throw TrustError(.tooCostly, "a public key is at most 1 MiB")
        }
        let reader = PEMReader(password: nil, budget: DecryptionBudget())
        let material = try reader.read(SecretBytes(pem))
        guard material.keys.isEmpty else {
            throw TrustError(.malformed, "there is a private key; leave the public key alone in the file")
        }
        guard let key = material.publicKeys.first else {
            throw TrustError(.noKey, "there is no public key in PEM: -----BEGIN PUBLIC KEY-----")
        }
        guard material.publicKeys.count == 1 else {
            throw TrustError(.severalKeys, "there are several public keys; leave the one that is meant")
        }
        self = key
    }

    /// Whether `signature` is the one that the key makes of `message`. False also where the key is of another kind
    /// than the scheme needs.
    public func isValid(_ signature: [UInt8], of message: [UInt8], _ scheme: SignatureScheme) -> Bool {
        guard fits(scheme), let key = try? PublicKey.parse(der),
            let context = OpenSSLHandle(EVP_MD_CTX_new(), { EVP_MD_CTX_free($0) })
        else { return false }
        ERR_clear_error()
        defer { ERR_clear_error() }
        var keyContext: OpaquePointer?
        let hash: OpaquePointer? =
            switch scheme {
            case .rsaPKCS1(let hash), .rsaPSS(let hash), .ecdsa(let hash): hash.implementation
            case .ed25519: nil
            }
        guard EVP_DigestVerifyInit(context.pointer, &keyContext, hash, nil, key.pointer) == 1 else { return false }
        if case .rsaPSS(let hash) = scheme {
            guard EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, Int32(clamping: hash.byteCount)) == 1
            else { return false }
        }
        return EVP_DigestVerify(context.pointer, signature, signature.count, message, message.count) == 1
    }

    /// Whether the signature is one of `schemes`, the ones that a format allows for this kind of key.
    func isValid(_ signature: [UInt8], of message: [UInt8], anyOf schemes: [SignatureScheme]) -> Bool {
        schemes.contains { isValid(signature, of: message, $0) }
    }

    private func fits(_ scheme: SignatureScheme) -> Bool {
        switch (kind, scheme) {
        case (.rsa, .rsaPKCS1), (.rsa, .rsaPSS), (.p256, .ecdsa), (.p384, .ecdsa), (.p521, .ecdsa),
            (.ed25519, .ed25519):
            true
        default: false
        }
    }

    private static func parse(_ der: [UInt8]) throws(TrustError) -> OpenSSLHandle {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard der.count <= maximumBytes else { throw TrustError(.tooCostly, "a public key is larger than 16 KiB") }
        var rest = 0
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let parsed = d2i_PUBKEY(nil, &cursor, buffer.count)
            if let start = buffer.baseAddress, let cursor { rest = buffer.count - (cursor - start) }
            return parsed
        }
        guard let handle = OpenSSLHandle(parsed, { EVP_PKEY_free($0) }), rest == 0 else {
            throw TrustError(.malformed, "the public key is broken, or of a kind that is not known")
        }
        return handle
    }

    private static func kind(of key: OpaquePointer) throws(TrustError) -> Kind {
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            let bits = Int(EVP_PKEY_get_bits(key))
            guard (2048...8192).contains(bits) else {
                throw TrustError(.unsupported, "an RSA key of \(bits) bits cannot be used; make one of 2048 to 8192")
            }
            return .rsa(bits: bits)
        }
        if EVP_PKEY_is_a(key, "ED25519") == 1 { return .ed25519 }
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        guard EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else {
            throw TrustError(.unsupported, "the public key is neither RSA nor ECDSA nor Ed25519; make one of these")
        }
        switch String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) {
        case "prime256v1": return .p256
        case "secp384r1": return .p384
        case "secp521r1": return .p521
        default: throw TrustError(.unsupported, "an elliptic curve other than P-256, P-384 and P-521 cannot be used")
        }
    }

    /// The kind of key and the start of the SHA-256 of its DER, to tell keys apart.
    public var description: String {
        let name =
            switch kind {
            case .rsa(let bits): "RSA-\(bits)"
            case .p256: "P-256"
            case .p384: "P-384"
            case .p521: "P-521"
            case .ed25519: "Ed25519"
            }
        return "\(name) key \(fingerprint.prefix(12))"
    }

    /// SHA-256 of the DER, in lower-case hexadecimal: what names the key.
    public var fingerprint: String { (SignatureScheme.Hash.sha256.digest(of: der) ?? []).hexadecimal }
}
