public import Artifacts
public import HTTPTransport
public import HTTPTypes
import JSON
import Synchronization

/// The places where Entra ID and AWS give out tokens and keys: token servers, metadata services, credential agents.
///
/// Knows one identity of each and what proves it. One service answers for all of them, since their paths differ; served
/// twice, with and without TLS, it takes the vendors' own clients unchanged.
public final class EmulatedClouds: LocalService, Sendable {
    /// Who may have what.
    public struct Options: Sendable {
        /// The tenant of Entra ID.
        public var tenant = "00000000-0000-0000-0000-00000000000a"
        /// The application in it.
        public var client = "00000000-0000-0000-0000-00000000000c"
        /// Its secret.
        public var secret = "application-secret"
        /// The token of a ServiceAccount that the application trusts, and AWS's role as well.
        public var federatedToken = "federated-token"
        /// How long tokens and keys are good.
        public var lifetime = Duration.seconds(3600)
        /// The role of AWS, by its name.
        public var role = "models"
        /// The key that the role gets.
        public var accessKey = (
            id: "ASIAEMULATED", secret: "emulated-secret", session: "emulated-session"
        )
        /// What the credential agent of a node wants to be shown.
        public var agentToken = "agent-token"

        /// The defaults.
        public init() {}
    }

    private struct Grant: Sendable {
        var audience: String
        var expires: Timestamp
    }

    private struct State: Sendable {
        var tokens: [String: Grant] = [:]
        var sessions: Set<String> = []
        var issued = 0
    }

    let options: Options
    let time: TimeSource
    private let state = Mutex(State())

    /// Clouds with one identity each.
    public init(_ options: Options = Options(), time: TimeSource) {
        self.options = options
        self.time = time
    }

    /// Whether Entra ID gave out `token` for an audience, and it is good at `now`.
    public func accepts(_ token: String, audience: String, at now: Timestamp) -> Bool {
        state.withLock { state in
            guard let grant = state.tokens[token] else { return false }
            return grant.audience == audience && now < grant.expires
        }
    }

    /// How many tokens and keys were given out.
    public var issued: Int { state.withLock { $0.issued } }

    /// A new token of Entra ID.
    func token(for audience: String) -> String {
        let expires = time.date() + options.lifetime
        return state.withLock { state in
            state.issued += 1
            let token = "entra-\(state.issued)-\(UInt64.random(in: 0 ... .max))"
            state.tokens[token] = Grant(audience: audience, expires: expires)
            return token
        }
    }

    /// A session of the metadata service of AWS.
    func session() -> String {
        state.withLock { state in
            let session = "session-\(UInt64.random(in: 0 ... .max))"
            state.sessions.insert(session)
            return session
        }
    }

    /// Whether there is such a session.
    func knows(session: String?) -> Bool { state.withLock { $0.sessions.contains(session ?? "") } }

    /// Counts a key, and says when it ends.
    func issueKey() -> Timestamp {
        state.withLock { $0.issued += 1 }
        return time.date() + options.lifetime
    }

    /// Answers for whichever of them the path belongs to.
    public func handle(
        _ request: HTTPRequest,
        body: HTTPBodyChunks,
        from peer: LocalPeer
    ) async -> LocalResponse {
        guard let target = RequestTarget(request), let bytes = try? await body.collect(upTo: 1 << 20)
        else {
            return LocalResponse(.badRequest)
        }
        let pairs = RequestTarget.form(String(decoding: bytes, as: UTF8.self)[...]) ?? []
        let form = Dictionary(
            (target.query + pairs).map { ($0.name, $0.value) },
            uniquingKeysWith: { $1 }
        )
        let path = target.rawPath
        if path.hasPrefix("/metadata/identity/") { return managedIdentity(request, form) }
        if path == "/common/discovery/instance" || path.contains("/v2.0") || path.contains("/oauth2/") {
            return entra(path, request, form)
        }
        if path.hasPrefix("/latest/") { return instanceMetadata(path, request) }
        if path == "/v1/credentials" { return agent(request) }
        if path == "/", form["Action"] != nil { return tokenService(form) }
        return LocalResponse(.notFound)
    }

    static func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> LocalResponse {
        LocalResponse(status, text: value.canonicalText, type: "application/json")
    }
}
