import COpenSSL

/// Reads the blocks of a PEM file (RFC 7468): certificates, public keys, and private keys in their plain and encrypted
/// forms.
struct PEMReader {
    let password: KeyPassword?
    var budget: DecryptionBudget
    private var material = KeyMaterial()

    init(password: KeyPassword?, budget: DecryptionBudget) {
        self.password = password
        self.budget = budget
    }

    /// The keys and certificates of `file`; blocks of other kinds are passed over.
    consuming func read(_ file: SecretBytes) throws(TrustError) -> KeyMaterial {
        var reader = self
        try file.withUnsafeBytes { (buffer) throws(TrustError) in
            guard
                let source = OpenSSLHandle(
                    BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count)),
                    { BIO_free($0) }
                )
            else { throw TrustError(.malformed, "no memory to read the key") }
            while try reader.readBlock(source.pointer) {}
        }
        return reader.material
    }

    /// Reads one block; false at the end.
    private mutating func readBlock(_ source: OpaquePointer) throws(TrustError) -> Bool {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0
        ERR_clear_error()
        guard PEM_read_bio(source, &name, &header, &data, &count) == 1, let name, let header, let data else {
            let reason = ERR_get_error() & 0x7F_FFFF
            ERR_clear_error()
            guard reason == UInt(PEM_R_NO_START_LINE) else {
                throw TrustError(.malformed, "a PEM block is broken; it runs from -----BEGIN to -----END")
            }
            return false
        }
        let capacity = count
        defer {
            copenssl_free(name)
            copenssl_free(header)
            copenssl_clear_free(data, capacity)
        }
        let kind = String(cString: name)
        if kind.hasSuffix("PRIVATE KEY"), header.pointee != 0 { try decrypt(header, data, &count) }
        let block = UnsafeBufferPointer(start: data, count: count)
        switch kind {
        case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
            try material.add(Certificate(der: Array(block)))
        case "PUBLIC KEY": try material.add(PublicKey(der: Array(block)))
        case "ENCRYPTED PRIVATE KEY": try addEncrypted(block)
        case _ where SigstoreKey.blocks.contains(kind):
            try material.add(key: SigstoreKey.open(block, password, &budget))
        case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
            var cursor = block.baseAddress
            guard let key = OpenSSLHandle(d2i_AutoPrivateKey(nil, &cursor, block.count), { EVP_PKEY_free($0) }) else {
                throw TrustError(.malformed, "the private key is broken")
            }
            try material.add(key: key)
        default: break
        }
        return true
    }

    /// The encryption of before PKCS#8: headers name the cipher, and the password is hashed once.
    private func decrypt(
        _ header: UnsafeMutablePointer<CChar>,
        _ data: UnsafeMutablePointer<UInt8>,
        _ count: inout Int
    ) throws(TrustError) {
        var cipher = EVP_CIPHER_INFO()
        guard PEM_get_EVP_CIPHER_INFO(header, &cipher) == 1 else {
            throw TrustError(.unsupported, "the private key is encrypted with a cipher that is not known")
        }
        guard let password else { throw PEMReader.passwordMissing }
        var length = count
        let isOpen = password.withCString { text, textCount in
            var argument = (text: text, count: textCount)
            return withUnsafeMutablePointer(to: &argument) { argument in
                PEM_do_header(
                    &cipher,
                    data,
                    &length,
                    { buffer, size, _, argument in
                        guard let buffer,
                            let password = argument?.assumingMemoryBound(
                                to: (text: UnsafePointer<CChar>?, count: Int32).self
                            ).pointee, let text = password.text, password.count <= size
                        else { return -1 }
                        buffer.update(from: text, count: Int(password.count))
                        return password.count
                    },
                    argument
                ) == 1
            }
        }
        guard isOpen else { throw PEMReader.wrongPassword }
        count = length
    }

    private mutating func addEncrypted(_ block: UnsafeBufferPointer<UInt8>) throws(TrustError) {
        var cursor = block.baseAddress
        guard let encrypted = OpenSSLHandle(d2i_X509_SIG(nil, &cursor, block.count), { X509_SIG_free($0) }) else {
            throw TrustError(.malformed, "the encrypted private key is broken")
        }
        try material.add(key: PEMReader.open(encrypted.pointer, password, &budget))
    }

    /// Decrypts an `EncryptedPrivateKeyInfo` of PKCS#8.
    static func open(
        _ encrypted: OpaquePointer,
        _ password: KeyPassword?,
        _ budget: inout DecryptionBudget
    ) throws(TrustError) -> OpenSSLHandle {
        var identifier: UnsafePointer<X509_ALGOR>?
        X509_SIG_get0(encrypted, &identifier, nil)
        guard let identifier else { throw TrustError(.malformed, "the encrypted private key is broken") }
        try budget.spend(on: KeyEncryption(identifier))
        guard let password else { throw passwordMissing }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let opened = password.withCString { text, count in PKCS8_decrypt(encrypted, text, count) }
        guard let plain = OpenSSLHandle(opened, { PKCS8_PRIV_KEY_INFO_free($0) }) else { throw wrongPassword }
        guard let key = OpenSSLHandle(EVP_PKCS82PKEY(plain.pointer), { EVP_PKEY_free($0) }) else {
            throw TrustError(.unsupported, "the private key is of a kind that cannot be used; make an RSA key")
        }
        return key
    }

    static let passwordMissing = TrustError(.passwordMissing, "the private key is encrypted, and no password is given")
    static let wrongPassword = TrustError(.wrongPassword, "the password does not open the private key")
}
