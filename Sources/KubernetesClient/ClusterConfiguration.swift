public import HTTPTransport

/// Where an API server is and who talks to it.
public struct ClusterConfiguration: Sendable {
    /// The server's URL; a path is kept as a prefix of every request.
    public var server: HTTPURL
    /// Which certificates are trusted.
    public var trust: TLSTrust
    /// The client's own certificate and key, PEM.
    public var clientIdentity: ClientIdentity?
    /// The name that the server's certificate must have, where it is not the URL's host.
    public var tlsServerName: String?
    /// A proxy for all requests.
    public var proxy: HTTPURL?
    /// What is sent in `Authorization`.
    public var credential: any ClusterCredential
    /// The namespace that the configuration names; nil where it names none.
    public var namespace: String?
    /// The namespace for objects that name none.
    public var defaultNamespace: String { namespace ?? "default" }

    /// A configuration of its parts.
    public init(
        server: HTTPURL,
        trust: TLSTrust = .system,
        clientIdentity: ClientIdentity? = nil,
        tlsServerName: String? = nil,
        proxy: HTTPURL? = nil,
        credential: any ClusterCredential = NoCredential(),
        namespace: String? = nil
    ) {
        self.server = server
        self.trust = trust
        self.clientIdentity = clientIdentity
        self.tlsServerName = tlsServerName
        self.proxy = proxy
        self.credential = credential
        self.namespace = namespace
    }
}

/// Supplies the `Authorization` header of a cluster.
public protocol ClusterCredential: Sendable {
    /// The header's value; nil where none is sent. Renews what has expired.
    func authorization() async throws(KubernetesError) -> String?
    /// Called after a 401: the next `authorization()` reads its source again.
    func invalidate() async
}

/// Sends no credential: the client certificate is enough, or the server is open.
public struct NoCredential: ClusterCredential {
    /// The credential.
    public init() {}
    /// Always nil.
    public func authorization() async throws(KubernetesError) -> String? { nil }
    /// Does nothing.
    public func invalidate() async {}
}

/// A fixed bearer token.
public struct BearerToken: ClusterCredential, CustomStringConvertible {
    private let token: String

    /// The token.
    public init(_ token: String) { self.token = token }

    /// The token as a bearer credential.
    public func authorization() async throws(KubernetesError) -> String? { "Bearer " + token }
    /// Does nothing: the token never changes.
    public func invalidate() async {}
    /// Hides the token.
    public var description: String { "<redacted>" }
}
