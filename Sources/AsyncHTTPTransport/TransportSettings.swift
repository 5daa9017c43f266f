public import HTTPTransport
import NIOSSL

/// How servers are reached and trusted: everything two exchanges must have in common to share connections.
public struct TransportSettings: Sendable, Hashable {
    /// Which certificates of servers are trusted.
    public var trust: TLSTrust
    /// The client's own certificate, for servers that ask for one.
    public var clientIdentity: ClientIdentity?
    /// The name that servers' certificates must have, where it is not the URL's host. Not an IP address.
    public var serverName: String?
    /// The proxy, where there is one.
    public var proxy: ProxySettings?

    /// Settings of their parts.
    public init(
        trust: TLSTrust = .system,
        clientIdentity: ClientIdentity? = nil,
        serverName: String? = nil,
        proxy: ProxySettings? = nil
    ) {
        self.trust = trust
        self.clientIdentity = clientIdentity
        self.serverName = serverName
        self.proxy = proxy
    }

    /// The settings as NIOSSL takes them. Throws `tls` where a certificate or key cannot be read.
    func tlsConfiguration() throws(HTTPTransportError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        switch trust {
        case .system: break
        case .insecure: configuration.certificateVerification = .none
        case .roots(let pem):
            configuration.trustRoots = .certificates(try certificates(pem, "the certificate authority"))
        }
        guard let clientIdentity else { return configuration }
        let chain = try certificates(clientIdentity.certificatePEM, "the client certificate")
        configuration.certificateChain = chain.map { .certificate($0) }
        do {
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: clientIdentity.keyPEM, format: .pem))
        } catch {
            throw HTTPTransportError(.tls, "the client's private key is not a PEM key without a password")
        }
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw HTTPTransportError(.tls, "the client's private key does not belong to its certificate")
        }
        return configuration
    }

    private func certificates(_ pem: [UInt8], _ what: String) throws(HTTPTransportError) -> [NIOSSLCertificate] {
        let certificates = (try? NIOSSLCertificate.fromPEMBytes(pem)) ?? []
        guard !certificates.isEmpty else {
            throw HTTPTransportError(.tls, "\(what) holds no readable PEM block BEGIN CERTIFICATE")
        }
        return certificates
    }
}
