/// A private key with the certificate it belongs to and the chain above, from a PEM or a PKCS#12 file.
public struct SigningIdentity: Sendable, CustomStringConvertible {
    /// The private key.
    public let key: PrivateKey
    /// The certificate of the key, its issuer, that one's issuer and so on, as far as the file has them. Certificates
    /// that are not above the first one are left out, whatever their order in the file.
    public let chain: [Certificate]
    /// The certificate of the key.
    public var certificate: Certificate { leaf }
    private let leaf: Certificate

    /// The largest file that is read.
    public static let maximumBytes = 1 << 20

    /// Opens a file. PEM may hold the certificate, its chain and the key in any order, the key plain or encrypted.
    ///
    /// Where a key has several certificates (one was renewed), the one that is valid longest counts. What the file
    /// makes OpenSSL do is bounded: hostile files end with `tooCostly`.
    /// - Parameter password: opens the key; nil where there is none.
    public init(_ file: SecretBytes, password: SecretBytes? = nil) throws(TrustError) {
        try self.init(file, password: password, budget: DecryptionBudget())
    }

    init(_ file: SecretBytes, password: SecretBytes?, budget: DecryptionBudget) throws(TrustError) {
        guard file.count <= SigningIdentity.maximumBytes else {
            throw TrustError(
                .tooCostly,
                "a key with its certificates is at most 1 MiB, this file has \(file.count) bytes"
            )
        }
        let password = password.flatMap { $0.count > 0 ? KeyPassword($0) : nil }
        let isPEM = file.withUnsafeBytes { SigningIdentity.contains($0, "-----BEGIN ") }
        let material =
            isPEM
            ? try PEMReader(password: password, budget: budget).read(file)
            : try PKCS12Reader(password: password, budget: budget).read(file)
        try self.init(material)
    }

    init(_ material: KeyMaterial) throws(TrustError) {
        guard !material.keys.isEmpty else { throw TrustError(.noKey, "there is a certificate, but no private key") }
        guard !material.certificates.isEmpty else {
            throw TrustError(.noCertificate, "there is a private key, but no certificate")
        }
        var pairs: [(key: PrivateKey, leaf: Certificate)] = []
        for key in material.keys {
            let mine = material.certificates.filter { $0.belongs(to: key) }
            // The same key may stand there twice.
            if let leaf = mine.max(by: { $0.notAfter < $1.notAfter }), !pairs.contains(where: { $0.leaf == leaf }) {
                pairs.append((key, leaf))
            }
        }
        guard let pair = pairs.first else {
            throw TrustError(.keyMismatch, "the private key belongs to none of the certificates")
        }
        guard pairs.count == 1 else {
            let names = pairs.map { "\"\($0.leaf.subject)\"" }.joined(separator: ", ")
            throw TrustError(.severalKeys, "there are several private keys, of \(names); leave the one that is meant")
        }
        key = pair.key
        leaf = pair.leaf
        chain = SigningIdentity.chain(from: pair.leaf, in: material.certificates)
    }

    private static func chain(from leaf: Certificate, in certificates: [Certificate]) -> [Certificate] {
        var chain = [leaf]
        var rest = certificates.filter { $0 != leaf }
        while let last = chain.last,
            let index = rest.indices.filter({ last.isIssued(by: rest[$0]) }).max(by: {
                rest[$0].notAfter < rest[$1].notAfter
            })
        {
            chain.append(rest.remove(at: index))
        }
        return chain
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ needle: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: needle.utf8Start, count: needle.utf8CodeUnitCount)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            bytes[start] == wanted[0] && wanted.indices.allSatisfy { bytes[start + $0] == wanted[$0] }
        }
    }

    /// The subject of the certificate; never the key.
    public var description: String { "the certificate of \(leaf.subject)" }
}
