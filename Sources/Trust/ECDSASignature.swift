import COpenSSL

/// The two forms of an ECDSA signature: OpenSSL's DER, and the two numbers side by side of RFC 7518 section 3.4.
enum ECDSASignature {
    /// The two numbers, `width` bytes each. Throws where the DER is broken or a number is larger.
    static func fixed(_ der: [UInt8], width: Int) throws(TrustError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 2 * width)
        let isWhole = der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            guard let signature = OpenSSLHandle(d2i_ECDSA_SIG(nil, &cursor, buffer.count), { ECDSA_SIG_free($0) })
            else {
                return false
            }
            return output.withUnsafeMutableBufferPointer { output in
                guard let start = output.baseAddress else { return false }
                let size = Int32(clamping: width)
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature.pointer), start, size) == size
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature.pointer), start + width, size) == size
            }
        }
        guard isWhole else { throw TrustError(.signing, "the private key made no signature of its curve") }
        return output
    }

    /// The DER of two numbers of `width` bytes each; nil where there are more or fewer bytes.
    static func der(_ fixed: [UInt8], width: Int) -> [UInt8]? {
        guard fixed.count == 2 * width, let signature = OpenSSLHandle(ECDSA_SIG_new(), { ECDSA_SIG_free($0) }),
            let r = BN_bin2bn(Array(fixed.prefix(width)), Int32(clamping: width), nil)
        else { return nil }
        guard let s = BN_bin2bn(Array(fixed.suffix(width)), Int32(clamping: width), nil) else {
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
