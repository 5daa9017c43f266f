public import Artifacts
import COpenSSL
import Glibc

/// An X.509 certificate: its bytes, and what is asked of it most.
public struct Certificate: Sendable, Hashable {
    /// The certificate as DER.
    public let der: [UInt8]
    /// The subject in OpenSSL's one-line form, for messages.
    public let subject: String
    /// When it begins to be valid.
    public let notBefore: Timestamp
    /// When it ceases to be valid.
    public let notAfter: Timestamp

    /// The largest certificate that is read.
    static let maximumBytes = 64 << 10

    /// Parses DER; what follows the certificate is refused. Throws `malformed`.
    public init(der: [UInt8]) throws(TrustError) {
        let handle = try Certificate.parse(der)
        guard let notBefore = Certificate.time(X509_get0_notBefore(handle.pointer)),
            let notAfter = Certificate.time(X509_get0_notAfter(handle.pointer))
        else { throw TrustError(.malformed, "a certificate has no readable dates") }
        self.der = der
        self.notBefore = notBefore
        self.notAfter = notAfter
        subject = Certificate.line(X509_get_subject_name(handle.pointer))
    }

    init(_ certificate: OpaquePointer) throws(TrustError) {
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(certificate, &encoded)
        guard count > 0, let encoded else { throw TrustError(.malformed, "a certificate cannot be encoded") }
        defer { copenssl_free(encoded) }
        try self.init(der: Array(UnsafeBufferPointer(start: encoded, count: Int(count))))
    }

    /// SHA-256 of the DER: `x5t#S256` of RFC 7515, before its base64.
    public var sha256: [UInt8] { digest("SHA256") }

    /// SHA-1 of the DER: `x5t` of RFC 7515. Names a certificate; proves nothing.
    public var sha1: [UInt8] { digest("SHA1") }

    private func digest(_ name: String) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count = 0
        guard EVP_Q_digest(nil, name, nil, der, der.count, &output, &count) == 1 else { return [] }
        return Array(output.prefix(count))
    }

    /// Whether `issuer` issued this certificate, by its names, its extensions and its signature.
    public func isIssued(by issuer: Certificate) -> Bool {
        guard let mine = try? handle(), let theirs = try? issuer.handle() else { return false }
        ERR_clear_error()
        defer { ERR_clear_error() }
        return X509_check_issued(theirs.pointer, mine.pointer) == X509_V_OK
            && X509_verify(mine.pointer, X509_get0_pubkey(theirs.pointer)) == 1
    }

    /// Whether `key` is the private key of this certificate.
    public func belongs(to key: PrivateKey) -> Bool {
        guard let mine = try? handle() else { return false }
        ERR_clear_error()
        defer { ERR_clear_error() }
        return key.withPointer { X509_check_private_key(mine.pointer, $0) == 1 }
    }

    func handle() throws(TrustError) -> OpenSSLHandle { try Certificate.parse(der) }

    private static func parse(_ der: [UInt8]) throws(TrustError) -> OpenSSLHandle {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard der.count <= maximumBytes else { throw TrustError(.tooCostly, "a certificate is larger than 64 KiB") }
        var rest = 0
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let parsed = d2i_X509(nil, &cursor, buffer.count)
            if let start = buffer.baseAddress, let cursor { rest = buffer.count - (cursor - start) }
            return parsed
        }
        guard let handle = OpenSSLHandle(parsed, { X509_free($0) }), rest == 0 else {
            throw TrustError(.malformed, "a certificate is broken")
        }
        return handle
    }

    static func time(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        var civil = tm()
        guard let time, ASN1_TIME_to_tm(time, &civil) == 1 else { return nil }
        return Timestamp(
            year: Int64(civil.tm_year) + 1900,
            month: Int64(civil.tm_mon) + 1,
            day: Int64(civil.tm_mday),
            hour: Int64(civil.tm_hour),
            minute: Int64(civil.tm_min),
            second: Int64(civil.tm_sec)
        )
    }

    private static func line(_ name: OpaquePointer?) -> String {
        guard let text = X509_NAME_oneline(name, nil, 0) else { return "" }
        defer { copenssl_free(text) }
        return String(String(cString: text).prefix(200))
    }
}
