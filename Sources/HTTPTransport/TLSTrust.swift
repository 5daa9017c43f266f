/// Which certificates of servers are trusted.
public enum TLSTrust: Sendable, Hashable {
    /// The system's roots.
    case system
    /// These roots only, PEM.
    case roots(pem: [UInt8])
    /// Any certificate: only where a user asked for it by name.
    case insecure
}

/// A client's certificate chain and private key, PEM. Prints without the key.
public struct ClientIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The chain, leaf first.
    public var certificatePEM: [UInt8]
    /// The private key.
    public var keyPEM: [UInt8]

    /// An identity of its parts.
    public init(certificatePEM: [UInt8], keyPEM: [UInt8]) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }

    /// Hides the key.
    public var description: String { "<redacted>" }
}
