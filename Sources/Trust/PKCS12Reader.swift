import COpenSSL

/// Reads a PKCS#12 file (RFC 7292), all of its keys and certificates: `PKCS12_parse` gives only the first key.
struct PKCS12Reader {
    let password: KeyPassword?
    var budget: DecryptionBudget
    private var material = KeyMaterial()
    /// What opens this file: tools write an empty password in two ways.
    private var opener = Opener.given

    private enum Opener { case given, empty, none }

    init(password: KeyPassword?, budget: DecryptionBudget) {
        self.password = password
        self.budget = budget
    }

    /// The keys and certificates of `file`.
    consuming func read(_ file: SecretBytes) throws(TrustError) -> KeyMaterial {
        var reader = self
        ERR_clear_error()
        defer { ERR_clear_error() }
        let parsed = file.withUnsafeBytes { buffer in
            var cursor = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return d2i_PKCS12(nil, &cursor, buffer.count)
        }
        guard let document = OpenSSLHandle(parsed, { PKCS12_free($0) }) else {
            throw TrustError(.malformed, "the file is neither PEM nor PKCS#12")
        }
        try reader.checkMAC(document.pointer)
        guard let safes = PKCS12_unpack_authsafes(document.pointer) else {
            throw TrustError(.malformed, "the contents of the PKCS#12 file are broken")
        }
        defer { Self.free(safes) { PKCS7_free($0.assumingMemoryBound(to: PKCS7.self)) } }
        for index in 0..<OPENSSL_sk_num(safes) {
            guard let safe = OPENSSL_sk_value(safes, index)?.assumingMemoryBound(to: PKCS7.self) else { continue }
            try reader.readSafe(safe)
        }
        return reader.material
    }

    /// Finds out what opens the file by its MAC; a file without one is opened by what was given.
    private mutating func checkMAC(_ document: OpaquePointer) throws(TrustError) {
        guard PKCS12_mac_present(document) == 1 else {
            opener = password == nil ? .empty : .given
            return
        }
        var algorithm: UnsafePointer<X509_ALGOR>?
        var count: UnsafePointer<ASN1_INTEGER>?
        PKCS12_get0_mac(nil, &algorithm, nil, &count, document)
        var object: OpaquePointer?
        if let algorithm { X509_ALGOR_get0(&object, nil, nil, algorithm) }
        let kind = object.map { OBJ_obj2nid($0) } ?? NID_undef
        guard let name = OBJ_nid2sn(kind), EVP_get_digestbyname(name) != nil else {
            throw TrustError(
                .unsupported,
                "the PKCS#12 file is protected by a MAC that is not known; export it again with -macalg sha256"
            )
        }
        let cost = count.map { Int(ASN1_INTEGER_get($0)) } ?? 1
        for candidate in password == nil ? [Opener.empty, .none] : [.given] {
            try budget.spend(cost)
            opener = candidate
            let isMine = withPassword { text, count in PKCS12_verify_mac(document, text, count) == 1 }
            if isMine { return }
        }
        throw password == nil
            ? PEMReader.passwordMissing
            : TrustError(
                .wrongPassword,
                "the password does not open the PKCS#12 file"
            )
    }

    private func withPassword<Value>(_ body: (UnsafePointer<CChar>?, Int32) -> Value) -> Value {
        switch (opener, password) {
        case (.given, .some(let password)): password.withCString(body)
        case (.empty, _): "".withCString { body($0, 0) }
        default: body(nil, 0)
        }
    }

    private mutating func readSafe(_ safe: UnsafeMutablePointer<PKCS7>) throws(TrustError) {
        let bags: OpaquePointer?
        switch OBJ_obj2nid(safe.pointee.type) {
        case NID_pkcs7_data: bags = PKCS12_unpack_p7data(safe)
        case NID_pkcs7_encrypted:
            guard let algorithm = safe.pointee.d.encrypted?.pointee.enc_data?.pointee.algorithm else {
                throw TrustError(.malformed, "the contents of the PKCS#12 file are broken")
            }
            try budget.spend(on: KeyEncryption(algorithm))
            bags = withPassword { text, count in PKCS12_unpack_p7encdata(safe, text, count) }
            guard bags != nil else { throw PEMReader.wrongPassword }
        default: throw TrustError(.unsupported, "the PKCS#12 file is encrypted with a certificate, not a password")
        }
        guard let bags else { throw TrustError(.malformed, "the contents of the PKCS#12 file are broken") }
        defer { Self.free(bags) { PKCS12_SAFEBAG_free(OpaquePointer($0)) } }
        try readBags(bags, depth: 0)
    }

    private mutating func readBags(_ bags: OpaquePointer, depth: Int) throws(TrustError) {
        guard depth < 4, OPENSSL_sk_num(bags) <= KeyMaterial.maximumCount else {
            throw TrustError(.tooCostly, "the PKCS#12 file holds too many bags")
        }
        for index in 0..<OPENSSL_sk_num(bags) {
            guard let value = OPENSSL_sk_value(bags, index) else { continue }
            try readBag(OpaquePointer(value), depth)
        }
    }

    private mutating func readBag(_ bag: OpaquePointer, _ depth: Int) throws(TrustError) {
        switch PKCS12_SAFEBAG_get_nid(bag) {
        case NID_keyBag:
            guard let key = OpenSSLHandle(EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag)), { EVP_PKEY_free($0) }) else {
                throw TrustError(.malformed, "the private key in the PKCS#12 file is broken")
            }
            try material.add(key: key)
        case NID_pkcs8ShroudedKeyBag:
            guard let encrypted = PKCS12_SAFEBAG_get0_pkcs8(bag) else { return }
            try add(shrouded: encrypted)
        case NID_certBag:
            // Other kinds of certificate than X.509 give none.
            guard let certificate = OpenSSLHandle(PKCS12_SAFEBAG_get1_cert(bag), { X509_free($0) }) else { return }
            try material.add(Certificate(certificate.pointer))
        case NID_safeContentsBag:
            guard let bags = PKCS12_SAFEBAG_get0_safes(bag) else { return }
            try readBags(bags, depth: depth + 1)
        default: break
        }
    }

    private mutating func add(shrouded encrypted: OpaquePointer) throws(TrustError) {
        var identifier: UnsafePointer<X509_ALGOR>?
        X509_SIG_get0(encrypted, &identifier, nil)
        guard let identifier else { throw TrustError(.malformed, "the private key in the PKCS#12 file is broken") }
        try budget.spend(on: KeyEncryption(identifier))
        ERR_clear_error()
        let opened = withPassword { text, count in PKCS8_decrypt(encrypted, text, count) }
        guard let plain = OpenSSLHandle(opened, { PKCS8_PRIV_KEY_INFO_free($0) }) else { throw PEMReader.wrongPassword }
        guard let key = OpenSSLHandle(EVP_PKCS82PKEY(plain.pointer), { EVP_PKEY_free($0) }) else {
            throw TrustError(.unsupported, "the private key is of a kind that cannot be used; make an RSA key")
        }
        try material.add(key: key)
    }

    private static func free(_ stack: OpaquePointer, _ release: (UnsafeMutableRawPointer) -> Void) {
        while let value = OPENSSL_sk_pop(stack) { release(value) }
        OPENSSL_sk_free(stack)
    }
}
