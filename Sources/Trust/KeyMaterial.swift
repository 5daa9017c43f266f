import COpenSSL

/// The keys and certificates of a file, each kind in its order.
struct KeyMaterial {
    var keys: [PrivateKey] = []
    var certificates: [Certificate] = []
    var publicKeys: [PublicKey] = []

    /// How many keys and certificates of one file are looked at.
    static let maximumCount = 64

    mutating func add(key: consuming OpenSSLHandle) throws(TrustError) {
        try checkCount()
        keys.append(try PrivateKey(key))
    }

    mutating func add(_ certificate: Certificate) throws(TrustError) {
        try checkCount()
        // Tools write the same certificate twice.
        if !certificates.contains(certificate) { certificates.append(certificate) }
    }

    mutating func add(_ key: PublicKey) throws(TrustError) {
        try checkCount()
        publicKeys.append(key)
    }

    private func checkCount() throws(TrustError) {
        guard keys.count + certificates.count + publicKeys.count < KeyMaterial.maximumCount else {
            throw TrustError(.tooCostly, "there are more than \(KeyMaterial.maximumCount) keys and certificates")
        }
    }
}

/// A password as OpenSSL takes it.
struct KeyPassword {
    private let bytes: SecretBytes

    init(_ password: SecretBytes) { bytes = SecretBytes(password.withUnsafeBytes { Array($0) + [0] }) }

    /// Lends the bytes, which end at a zero, and how many they are without it.
    func withCString<Value, Failure: Error>(
        _ body: (UnsafePointer<CChar>?, Int32) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try bytes.withUnsafeBytes { (buffer) throws(Failure) in
            try body(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count - 1))
        }
    }
}
