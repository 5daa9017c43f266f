import COpenSSL

/// How a private key or a bag of PKCS#12 is encrypted, read from its algorithm identifier before anything is decrypted.
///
/// The file may come from anybody: what it costs to try a password is decided by the iteration count that it names.
struct KeyEncryption {
    /// OpenSSL's name of the scheme.
    var name: String
    /// How often the password is hashed.
    var iterations: Int
    /// Whether OpenSSL 3 keeps the cipher in its legacy provider: RC2, RC4, single DES.
    var isLegacy: Bool

    /// Parses `identifier`, an `X509_ALGOR`. Throws `unsupported` for schemes other than PBES1, PKCS#12 and PBES2 with
    /// PBKDF2.
    init(_ identifier: UnsafePointer<X509_ALGOR>) throws(TrustError) {
        let (scheme, parameters) = KeyEncryption.read(identifier)
        name = KeyEncryption.name(scheme)
        guard scheme == NID_pbes2 else {
            guard let count = KeyEncryption.passwordIterations(parameters) else {
                throw TrustError(
                    .unsupported,
                    "the encryption \(name) of the key is not known; export it again with AES-256 and PBKDF2"
                )
            }
            iterations = count
            isLegacy =
                scheme != NID_pbe_WithSHA1And3_Key_TripleDES_CBC && scheme != NID_pbe_WithSHA1And2_Key_TripleDES_CBC
            return
        }
        guard let (derivation, cipher, count) = KeyEncryption.pbes2(parameters) else {
            throw TrustError(.malformed, "the parameters of the key's encryption are broken")
        }
        guard derivation == NID_id_pbkdf2, let count else {
            throw TrustError(
                .unsupported,
                "the key's password is stretched by \(KeyEncryption.name(derivation)); export it again with PBKDF2"
            )
        }
        let cipherName = KeyEncryption.name(cipher)
        name = cipherName
        iterations = count
        isLegacy = ["rc2", "rc4", "des-cbc"].contains { cipherName.hasPrefix($0) }
    }

    private static func read(_ identifier: UnsafePointer<X509_ALGOR>) -> (nid: Int32, parameters: [UInt8]) {
        var object: OpaquePointer?
        var kind: Int32 = 0
        var value: UnsafeRawPointer?
        X509_ALGOR_get0(&object, &kind, &value, identifier)
        let nid = object.map { OBJ_obj2nid($0) } ?? NID_undef
        guard kind == V_ASN1_SEQUENCE, let text = value?.assumingMemoryBound(to: ASN1_STRING.self),
            let start = ASN1_STRING_get0_data(text)
        else { return (nid, []) }
        return (nid, Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(text)))))
    }

    /// PBES1 and the schemes of PKCS#12: a salt and a count.
    private static func passwordIterations(_ parameters: [UInt8]) -> Int? {
        parameters.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            guard let parsed = d2i_PBEPARAM(nil, &cursor, buffer.count) else { return nil }
            defer { PBEPARAM_free(parsed) }
            return Int(ASN1_INTEGER_get(parsed.pointee.iter))
        }
    }

    /// PBES2: a key derivation, with its count where it is PBKDF2, and a cipher.
    private static func pbes2(_ parameters: [UInt8]) -> (derivation: Int32, cipher: Int32, iterations: Int?)? {
        parameters.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            guard let parsed = d2i_PBE2PARAM(nil, &cursor, buffer.count) else { return nil }
            defer { PBE2PARAM_free(parsed) }
            guard let derivation = parsed.pointee.keyfunc, let cipher = parsed.pointee.encryption else { return nil }
            let (kind, inner) = read(derivation)
            let count = inner.withUnsafeBufferPointer { buffer -> Int? in
                var cursor = buffer.baseAddress
                guard kind == NID_id_pbkdf2, let parsed = d2i_PBKDF2PARAM(nil, &cursor, buffer.count) else {
                    return nil
                }
                defer { PBKDF2PARAM_free(parsed) }
                return Int(ASN1_INTEGER_get(parsed.pointee.iter))
            }
            return (kind, read(cipher).nid, count)
        }
    }

    private static func name(_ nid: Int32) -> String {
        OBJ_nid2ln(nid).map { String(cString: $0) } ?? "of an unknown kind"
    }
}

/// What may still be spent on opening one file.
struct DecryptionBudget {
    /// Hashings of passwords that are left: about two seconds of one core.
    private var iterations = 4_000_000
    /// Makes the ciphers of OpenSSL's legacy provider available; false where it is not installed.
    let loadsLegacy: @Sendable () -> Bool

    init(loadsLegacy: @escaping @Sendable () -> Bool = { LegacyProvider.isLoaded }) { self.loadsLegacy = loadsLegacy }

    /// Takes the cost of one decryption. Throws `tooCostly` where it is too much, `unsupported` where the legacy
    /// provider is needed and not there.
    mutating func spend(on encryption: KeyEncryption) throws(TrustError) {
        try spend(encryption.iterations)
        guard !encryption.isLegacy || loadsLegacy() else {
            throw TrustError(
                .unsupported,
                "the key is encrypted with \(encryption.name), and OpenSSL's legacy provider is not installed here; "
                    + "export it again with AES, as OpenSSL 3 does by itself: openssl pkcs12 -in OLD -legacy -nodes | "
                    + "openssl pkcs12 -export -out NEW"
            )
        }
    }

    /// Takes the cost of hashing a password `count` times.
    mutating func spend(_ count: Int) throws(TrustError) {
        guard count >= 0, count <= iterations else {
            throw TrustError(
                .tooCostly,
                "the key wants its password hashed more than 4,000,000 times; export it again with fewer iterations"
            )
        }
        iterations -= count
    }
}

/// OpenSSL's provider of ciphers that are not good any more, loaded when the first file needs one.
enum LegacyProvider {
    static let isLoaded = OSSL_PROVIDER_try_load(nil, "legacy", 1) != nil
}
