import COpenSSL

extension PrivateKey {
    /// The one private key of a PEM file: as it is, encrypted (PKCS#8), or in the form of `cosign generate-key-pair`.
    ///
    /// Throws `noKey` and `severalKeys`, and what reading throws. What the file makes OpenSSL do is bounded.
    /// - Parameter password: opens the key; nil where there is none.
    public static func reading(pem file: SecretBytes, password: SecretBytes? = nil) throws(TrustError) -> PrivateKey {
        guard file.count <= SigningIdentity.maximumBytes else {
            throw TrustError(.tooCostly, "a private key is at most 1 MiB")
        }
        let password = password.flatMap { $0.count > 0 ? KeyPassword($0) : nil }
        let material = try PEMReader(password: password, budget: DecryptionBudget()).read(file)
        guard let key = material.keys.first else {
            throw TrustError(.noKey, "there is no private key in PEM: -----BEGIN ... PRIVATE KEY-----")
        }
        guard material.keys.count == 1 else {
            throw TrustError(.severalKeys, "there are several private keys; leave the one that is meant")
        }
        return key
    }

    /// The public half.
    public var publicKey: PublicKey {
        get throws(TrustError) {
            let der = withPointer { key -> [UInt8] in
                var encoded: UnsafeMutablePointer<UInt8>?
                let count = i2d_PUBKEY(key, &encoded)
                guard count > 0, let encoded else { return [] }
                defer { copenssl_free(encoded) }
                return Array(UnsafeBufferPointer(start: encoded, count: Int(count)))
            }
            return try PublicKey(der: der)
        }
    }
}
