public import HTTPTransport
public import HTTPTypes

/// A server without a socket: requests in, answers out.
///
/// What an emulated control plane, registry or blob store implements. `InProcessTransport` calls one directly,
/// `LoopbackServer` serves one on the loopback interface.
public protocol LocalService: Sendable {
    /// Answers `request`.
    ///
    /// Assumes: `request.path` starts with `/`; `body` can be read once. A service that does not read the body leaves
    /// it to the caller to drop. The answer's body is pulled by the caller, and cancelled when the client goes away,
    /// so that a watch may stream for ever. A failure is an answer with an error status, never a thrown error.
    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse
}

/// Who sent a request, as far as the connection tells.
public struct LocalPeer: Sendable, Hashable {
    /// The common name of the client's verified certificate: the user's name, for an API server.
    public var commonName: String?
    /// The organizations of the client's verified certificate: the user's groups, for an API server.
    public var organizations: [String]

    /// A peer with these names from its certificate.
    public init(commonName: String? = nil, organizations: [String] = []) {
        self.commonName = commonName
        self.organizations = organizations
    }

    /// A peer that showed no certificate.
    public static let anonymous = LocalPeer()
}
