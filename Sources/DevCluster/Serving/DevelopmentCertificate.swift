public import Artifacts
import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority made for one run, and a server certificate from it for this machine's loopback names.
///
/// The keys are ECDSA P-256 and live in memory only. Names: `localhost`, 127.0.0.1 and ::1.
public struct DevelopmentCertificate: Sendable {
    /// A certificate with its private key, both PEM.
    public struct Identity: Sendable, Hashable, CustomStringConvertible {
        /// The certificate.
        public var certificatePEM: String
        /// Its private key (PKCS#8).
        public var privateKeyPEM: String

        /// Never the key.
        public var description: String { "<redacted>" }
    }

    /// The authority's certificate, PEM: what a client has to trust.
    public let authorityPEM: String
    /// The server's certificate and key.
    public let server: Identity

    private let authority: Certificate
    private let authorityKey: Certificate.PrivateKey
    private let notBefore: Date
    private let notAfter: Date

    /// Makes an authority and a server certificate.
    /// - Parameters:
    ///   - now: certificates are valid from an hour before, for clients whose clock is late.
    ///   - lifetime: how long after `now` they end.
    public init(now: Timestamp, lifetime: Duration = .seconds(365 * 86_400)) throws {
        notBefore = Date(now - .seconds(3600))
        notAfter = Date(now + lifetime)
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        authorityKey = key
        let name = try DistinguishedName { CommonName("modelapp development authority") }
        authority = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            notValidBefore: notBefore,
            notValidAfter: notAfter,
            issuer: name,
            subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key
        )
        authorityPEM = try authority.serializeAsPEM().pemString
        server = try DevelopmentCertificate.issue(
            subject: DistinguishedName { CommonName("localhost") },
            names: SubjectAlternativeNames([
                .dnsName("localhost"),
                .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
            ]),
            usage: .serverAuth,
            from: (authority, authorityKey, notBefore, notAfter)
        )
    }

    /// A client certificate from the same authority.
    /// - Parameters:
    ///   - commonName: the user's name, for an API server.
    ///   - organizations: the user's groups, for an API server.
    public func client(commonName: String, organizations: [String] = []) throws -> Identity {
        var parts = [RelativeDistinguishedName([.init(type: .RDNAttributeType.commonName, utf8String: commonName)])]
        for organization in organizations {
            let attribute = RelativeDistinguishedName.Attribute(
                type: .RDNAttributeType.organizationName,
                utf8String: organization
            )
            parts.insert(RelativeDistinguishedName([attribute]), at: 0)
        }
        return try DevelopmentCertificate.issue(
            subject: DistinguishedName(parts),
            names: nil,
            usage: .clientAuth,
            from: (authority, authorityKey, notBefore, notAfter)
        )
    }

    /// What a server needs to speak TLS with this certificate and to verify client certificates.
    func serverConfiguration() throws -> TLSConfiguration {
        let trusted = try NIOSSLCertificate(bytes: Array(authorityPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(server.certificatePEM.utf8), format: .pem)),
                .certificate(trusted),
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(server.privateKeyPEM.utf8), format: .pem))
        )
        configuration.trustRoots = .certificates([trusted])
        configuration.certificateVerification = .optionalVerification
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    private static func issue(
        subject: DistinguishedName,
        names: SubjectAlternativeNames?,
        usage: ExtendedKeyUsage.Usage,
        from issuer: (certificate: Certificate, key: Certificate.PrivateKey, notBefore: Date, notAfter: Date)
    ) throws -> Identity {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            notValidBefore: issuer.notBefore,
            notValidAfter: issuer.notAfter,
            issuer: issuer.certificate.subject,
            subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([usage])
                if let names { names }
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.key.publicKey).keyIdentifier)
            },
            issuerPrivateKey: issuer.key
        )
        return Identity(
            certificatePEM: try certificate.serializeAsPEM().pemString,
            privateKeyPEM: try key.serializeAsPEM().pemString
        )
    }
}

extension Date {
    fileprivate init(_ timestamp: Timestamp) { self.init(timeIntervalSince1970: Double(timestamp.seconds)) }
}
