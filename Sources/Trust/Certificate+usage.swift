import COpenSSL

/// What a certificate is for and whom it names.
extension Certificate {
    /// The public key. Throws `unsupported` for kinds that are not verified here.
    public var publicKey: PublicKey {
        get throws(TrustError) {
            let handle = try handle()
            var encoded: UnsafeMutablePointer<UInt8>?
            guard let key = X509_get0_pubkey(handle.pointer) else {
                throw TrustError(.unsupported, "the certificate of \(subject) has a key that is not known")
            }
            let count = i2d_PUBKEY(key, &encoded)
            guard count > 0, let encoded else {
                throw TrustError(.unsupported, "the certificate of \(subject) has a key that is not known")
            }
            defer { copenssl_free(encoded) }
            return try PublicKey(der: Array(UnsafeBufferPointer(start: encoded, count: Int(count))))
        }
    }

    /// The e-mail addresses, DNS names and URIs of the subject's alternative names. Names that are no plain text, with
    /// a zero byte for instance, are left out.
    public var alternativeNames: [String] {
        guard let handle = try? handle(),
            let names = X509_get_ext_d2i(handle.pointer, NID_subject_alt_name, nil, nil)
        else { return [] }
        let stack = OpaquePointer(names)
        defer { GENERAL_NAMES_free(stack) }
        var found: [String] = []
        for index in 0..<OPENSSL_sk_num(stack) {
            guard let entry = OPENSSL_sk_value(stack, index)?.assumingMemoryBound(to: GENERAL_NAME.self) else {
                continue
            }
            var kind: Int32 = 0
            let value = GENERAL_NAME_get0_value(entry, &kind)
            guard [GEN_EMAIL, GEN_DNS, GEN_URI].contains(kind),
                let text = value?.assumingMemoryBound(to: ASN1_STRING.self),
                let name = Certificate.text(text)
            else { continue }
            found.append(name)
        }
        return found
    }

    /// The attributes of the subject by OpenSSL's short names: `CN`, `O`, `C`.
    public var subjectAttributes: [(name: String, value: String)] {
        guard let handle = try? handle(), let subject = X509_get_subject_name(handle.pointer) else { return [] }
        var found: [(name: String, value: String)] = []
        for index in 0..<X509_NAME_entry_count(subject) {
            guard let entry = X509_NAME_get_entry(subject, index),
                let name = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))),
                let data = X509_NAME_ENTRY_get_data(entry)
            else { continue }
            var buffer: UnsafeMutablePointer<UInt8>?
            let count = ASN1_STRING_to_UTF8(&buffer, data)
            guard count >= 0, let buffer else { continue }
            defer { copenssl_free(buffer) }
            let bytes = Array(UnsafeBufferPointer(start: buffer, count: Int(count)))
            guard let value = Certificate.text(bytes) else { continue }
            found.append((String(cString: name).uppercased(), value))
        }
        return found
    }

    /// Refuses a certificate whose key is not for signing code: its key usage, where it has one, must say digital
    /// signature, its extended key usage, where it has one, code signing, and it must have one of the two.
    func requireCodeSigning() throws(TrustError) {
        let handle = try handle()
        let flags = X509_get_extension_flags(handle.pointer)
        let hasUsage = flags & UInt32(EXFLAG_KUSAGE) != 0
        let hasExtended = flags & UInt32(EXFLAG_XKUSAGE) != 0
        guard hasUsage || hasExtended else {
            throw TrustError(.untrusted, "the certificate of \(subject) does not say what it is for (key usage)")
        }
        guard !hasUsage || X509_get_key_usage(handle.pointer) & UInt32(KU_DIGITAL_SIGNATURE) != 0 else {
            throw TrustError(.untrusted, "the certificate of \(subject) is not for digital signatures (key usage)")
        }
        guard !hasExtended || X509_get_extended_key_usage(handle.pointer) & UInt32(XKU_CODE_SIGN) != 0 else {
            throw TrustError(
                .untrusted,
                "the certificate of \(subject) is not for signing code (extended key usage)"
            )
        }
    }

    /// Refuses an authority that may not issue certificates for signing code.
    func requireAuthorityForCodeSigning() throws(TrustError) {
        let handle = try handle()
        guard X509_check_ca(handle.pointer) == 1 else {
            throw TrustError(.untrusted, "the certificate of \(subject) is not one of an authority")
        }
        let flags = X509_get_extension_flags(handle.pointer)
        let allowed = UInt32(XKU_CODE_SIGN) | UInt32(XKU_ANYEKU)
        guard flags & UInt32(EXFLAG_XKUSAGE) == 0 || X509_get_extended_key_usage(handle.pointer) & allowed != 0 else {
            throw TrustError(.untrusted, "the authority \(subject) is not for signing code (extended key usage)")
        }
    }

    private static func text(_ string: UnsafePointer<ASN1_STRING>) -> String? {
        guard let start = ASN1_STRING_get0_data(string) else { return nil }
        return text(Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string)))))
    }

    private static func text(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= 1024, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
