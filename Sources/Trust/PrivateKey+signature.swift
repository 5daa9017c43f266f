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
        return algorithm == .es256 ? try ECDSASignature.fixed(signature) : signature
    }
}

extension Certificate {
    /// Whether `signature` is the one that the certificate's key makes of `message`. False also where the key is of
    /// another kind than `algorithm` needs.
    public func isValid(_ signature: [UInt8], of message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        guard let certificate = try? handle(), let key = X509_get0_pubkey(certificate.pointer),
            let kind = try? PrivateKey.kind(of: key), (try? KeyOperation.check(kind, algorithm)) != nil,
            let encoded = algorithm == .es256 ? ECDSASignature.der(signature) : signature,
            let context = OpenSSLHandle(EVP_MD_CTX_new(), { EVP_MD_CTX_free($0) })
        else { return false }
        var keyContext: OpaquePointer?
        ERR_clear_error()
        defer { ERR_clear_error() }
        return EVP_DigestVerifyInit(context.pointer, &keyContext, EVP_sha256(), nil, key) == 1
            && KeyOperation.pad(keyContext, algorithm)
            && EVP_DigestVerify(context.pointer, encoded, encoded.count, message, message.count) == 1
    }
}

/// What signing and verifying have in common.
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

/// The two forms of an ECDSA signature on P-256: OpenSSL's DER and the fixed 64 bytes of RFC 7518 section 3.4.
private enum ECDSASignature {
    static func fixed(_ der: [UInt8]) throws(TrustError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 64)
        let isWhole = der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            guard let signature = OpenSSLHandle(d2i_ECDSA_SIG(nil, &cursor, buffer.count), { ECDSA_SIG_free($0) })
            else {
                return false
            }
            return output.withUnsafeMutableBufferPointer { output in
                guard let start = output.baseAddress else { return false }
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature.pointer), start, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature.pointer), start + 32, 32) == 32
            }
        }
        guard isWhole else { throw TrustError(.signing, "the private key made no signature of P-256") }
        return output
    }

    static func der(_ fixed: [UInt8]) -> [UInt8]? {
        guard fixed.count == 64, let signature = OpenSSLHandle(ECDSA_SIG_new(), { ECDSA_SIG_free($0) }),
            let r = BN_bin2bn(Array(fixed.prefix(32)), 32, nil)
        else { return nil }
        guard let s = BN_bin2bn(Array(fixed.suffix(32)), 32, nil) else {
            BN_free(r)
            return nil
        }
        guard ECDSA_SIG_set0(signature.pointer, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(signature.pointer, &encoded)
        guard count > 0, let encoded else { return nil }
        defer { copenssl_free(encoded) }
        return Array(UnsafeBufferPointer(start: encoded, count: Int(count)))
    }
}
