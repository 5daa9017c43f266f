import COpenSSL

extension PrivateKey {
    /// The algorithm for this kind of key that Entra ID and others recommend: PS256 or ES256.
    public var preferredAlgorithm: SignatureAlgorithm {
        switch kind {
        case .rsa: .ps256
        case .p256: .es256
        }
    }

    /// Signs `message`. Throws `unsupported` where the key is of another kind than `algorithm` needs.
    public func signature(of message: [UInt8], _ algorithm: SignatureAlgorithm) throws(TrustError) -> [UInt8] {
        try KeyOperation.check(kind, algorithm)
        let signature = try withPointer { (key) throws(TrustError) -> [UInt8] in
            guard let context = OpenSSLHandle(EVP_MD_CTX_new(), { EVP_MD_CTX_free($0) }) else {
                throw TrustError(.signing, "no memory for a signature")
            }
            var keyContext: OpaquePointer?
            ERR_clear_error()
            var count = 0
            guard EVP_DigestSignInit(context.pointer, &keyContext, EVP_sha256(), nil, key) == 1,
                KeyOperation.pad(keyContext, algorithm),
                EVP_DigestSign(context.pointer, nil, &count, message, message.count) == 1
            else { throw TrustError(.signing, "the private key cannot sign with \(algorithm.rawValue)") }
            var signature = [UInt8](repeating: 0, count: count)
            guard EVP_DigestSign(context.pointer, &signature, &count, message, message.count) == 1 else {
                throw TrustError(.signing, "the private key cannot sign with \(algorithm.rawValue)")
            }
            return Array(signature.prefix(count))
        }
        return algorithm == .es256 ? try ECDSASignature.fixed(signature, width: 32) : signature
    }
}

extension Certificate {
    /// Whether `signature` is the one that the certificate's key makes of `message`. False also where the key is of
    /// another kind than `algorithm` needs.
    public func isValid(_ signature: [UInt8], of message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        guard let key = try? publicKey else { return false }
        switch algorithm {
        case .rs256: return key.isValid(signature, of: message, .rsaPKCS1(.sha256))
        case .ps256: return key.isValid(signature, of: message, .rsaPSS(.sha256))
        case .es256:
            guard key.kind == .p256, let der = ECDSASignature.der(signature, width: 32) else { return false }
            return key.isValid(der, of: message, .ecdsa(.sha256))
        }
    }
}

/// What a key may do.
private enum KeyOperation {
    static func check(_ kind: PrivateKey.Kind, _ algorithm: SignatureAlgorithm) throws(TrustError) {
        switch (kind, algorithm) {
        case (.rsa, .rs256), (.rsa, .ps256), (.p256, .es256): return
        default: throw TrustError(.unsupported, "the key is not of the kind that \(algorithm.rawValue) needs")
        }
    }

    static func pad(_ context: OpaquePointer?, _ algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm == .ps256 else { return true }
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32) == 1
    }
}
