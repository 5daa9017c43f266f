import Artifacts
import COpenSSL

/// A time stamp (RFC 3161): the word of an authority that it saw some bytes at some time.
struct TimestampToken {
    private let der: [UInt8]

    private static let broken = TrustError(.malformed, "the time stamp of the signature is broken")

    /// The largest token that is read.
    static let maximumBytes = 64 << 10

    /// Takes the DER of a token, or of the whole answer of an authority, which holds one.
    init(der: [UInt8]) throws(TrustError) {
        guard der.count <= Self.maximumBytes else { throw TrustError(.tooCostly, "a time stamp is larger than 64 KiB") }
        self.der = der
    }

    /// When `authorities` saw `message`. Throws `badSignature` where the stamp is of other bytes, and `untrusted` where
    /// it is not by one of them.
    func time(of message: [UInt8], by authorities: CertificateStore) throws(TrustError) -> Timestamp {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let token = Self.parse(der) else { throw Self.broken }
        defer { PKCS7_free(token) }
        guard OBJ_obj2nid(token.pointee.type) == NID_pkcs7_signed,
            let information = OpenSSLHandle(PKCS7_to_TS_TST_INFO(token), { TS_TST_INFO_free($0) })
        else { throw Self.broken }
        guard let imprint = TS_TST_INFO_get_msg_imprint(information.pointer),
            try hash(imprint).digest(of: message) == bytes(TS_MSG_IMPRINT_get_msg(imprint))
        else { throw TrustError(.badSignature, "the time stamp is one of other bytes") }
        guard let time = Certificate.time(TS_TST_INFO_get_time(information.pointer)) else { throw Self.broken }
        try checkSigner(token, authorities, at: time)
        return time
    }

    private func checkSigner(
        _ token: UnsafeMutablePointer<PKCS7>,
        _ authorities: CertificateStore,
        at time: Timestamp
    ) throws(TrustError) {
        let store = try authorities.openSSLStore(at: time)
        guard let context = OpenSSLHandle(TS_VERIFY_CTX_new(), { TS_VERIFY_CTX_free($0) }) else { throw Self.broken }
        TS_VERIFY_CTX_set_flags(context.pointer, Int32(copenssl_ts_verify_signature))
        // The context gives back one reference of the store when it is freed.
        X509_STORE_up_ref(store.pointer)
        TS_VERIFY_CTX_set_store(context.pointer, store.pointer)
        guard TS_RESP_verify_token(context.pointer, token) == 1 else {
            throw TrustError(.untrusted, "the time stamp of the signature is not by an authority that is trusted")
        }
    }

    private func hash(_ imprint: OpaquePointer) throws(TrustError) -> SignatureScheme.Hash {
        var object: OpaquePointer?
        if let algorithm = TS_MSG_IMPRINT_get_algo(imprint) { X509_ALGOR_get0(&object, nil, nil, algorithm) }
        switch object.map({ OBJ_obj2nid($0) }) {
        case NID_sha256: return .sha256
        case NID_sha384: return .sha384
        case NID_sha512: return .sha512
        default: throw TrustError(.unsupported, "the time stamp is over a hash other than SHA-256, SHA-384 and SHA-512")
        }
    }

    private func bytes(_ text: UnsafeMutablePointer<ASN1_OCTET_STRING>?) -> [UInt8] {
        guard let text, let start = ASN1_STRING_get0_data(text) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(text))))
    }

    /// Parses a `TimeStampToken`, else a `TimeStampResp`.
    private static func parse(_ der: [UInt8]) -> UnsafeMutablePointer<PKCS7>? {
        der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            if let token = d2i_PKCS7(nil, &cursor, buffer.count) {
                if cursor == buffer.baseAddress.map({ $0 + buffer.count }) { return token }
                PKCS7_free(token)
                return nil
            }
            cursor = buffer.baseAddress
            guard let answer = OpenSSLHandle(d2i_TS_RESP(nil, &cursor, buffer.count), { TS_RESP_free($0) }),
                let token = TS_RESP_get_token(answer.pointer)
            else { return nil }
            return PKCS7_dup(token)
        }
    }
}
