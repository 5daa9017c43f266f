import Artifacts
import HTTPTransport
import HTTPTypes
import JSON

/// Who may do what, and the token service of the distribution specification.
extension EmulatedRegistry {
    /// Throws 401 with a challenge unless the request may use the route.
    func authorize(_ request: HTTPRequest, _ target: RequestTarget, _ route: RegistryRoute) throws(RegistryFailure) {
        let scope = neededScope(route, request.method)
        let field = request.headerFields[.authorization]
        switch options.access.scheme {
        case .anonymous: return
        case .basic:
            if let credential = BasicCredential(field), options.access.knows(credential) { return }
            throw unauthorized("Basic realm=\"\(request.authority ?? "registry")\"")
        case .azure where BasicCredential(field).map(options.access.knows) == true: return
        case .token, .azure:
            let (path, bearer) = options.access.isAzure ? ("/oauth2/token", "bearer ") : ("/token", "bearer ")
            let scheme = request.scheme ?? "http"
            let host = request.authority ?? "registry"
            var challenge = "Bearer realm=\"\(scheme)://\(host)\(path)\",service=\"\(host)\""
            if let scope { challenge += ",scope=\"\(scope.description)\"" }
            guard let field, field.lowercased().hasPrefix(bearer) else { throw unauthorized(challenge) }
            let text = field.dropFirst(bearer.utf8.count).trimmingSpaces
            guard let token = RegistryToken(text, key: key, now: time.date()), token.purpose == .access else {
                throw unauthorized(challenge + ",error=\"invalid_token\"")
            }
            if let scope, !token.permits(scope) { throw unauthorized(challenge + ",error=\"insufficient_scope\"") }
            // distribution: a mount needs to read the repository it mounts from.
            if case .startUpload = route, let source = target.value("from"),
                !token.permits(.init(source, ["pull"]))
            {
                throw unauthorized(
                    challenge.replacingScope(with: scope, and: .init(source, ["pull"]))
                        + ",error=\"insufficient_scope\""
                )
            }
        }
    }

    private func unauthorized(_ challenge: String) -> RegistryFailure {
        RegistryFailure(.unauthorized, "UNAUTHORIZED", "authentication required", [.wwwAuthenticate: challenge])
    }

    private func neededScope(_ route: RegistryRoute, _ method: HTTPRequest.Method) -> RegistryToken.Scope? {
        switch route {
        case .base, .catalog, .token, .azureExchange, .azureToken: return nil
        case .azureTags(let name), .azureTag(let name, _): return .init(name, ["metadata_read"])
        case .tags(let name), .manifest(let name, _), .blob(let name, _), .startUpload(let name), .upload(let name, _),
            .referrers(let name, _):
            switch method {
            case .get where !route.isUpload, .head: return .init(name, ["pull"])
            case .delete where !route.isUpload: return .init(name, ["delete"])
            default: return .init(name, ["pull", "push"])
            }
        }
    }

    /// `GET /token` (distribution specification: token authentication).
    func issueToken(_ request: HTTPRequest, _ target: RequestTarget) throws(RegistryFailure) -> LocalResponse {
        guard case .token(let lifetime, let anonymousPull) = options.access.scheme else { throw .notFound }
        guard request.method == .get else { throw .unsupported }
        var scopes = target.values("scope").flatMap { $0.split(separator: " ") }
            .compactMap { RegistryToken.Scope(String($0)) }
        let subject: String
        if request.headerFields[.authorization] != nil {
            guard let credential = BasicCredential(request.headerFields[.authorization]),
                options.access.knows(credential)
            else { throw unauthorized("Basic realm=\"\(request.authority ?? "registry")\"") }
            subject = credential.user
        } else {
            guard anonymousPull else { throw unauthorized("Basic realm=\"\(request.authority ?? "registry")\"") }
            subject = ""
            scopes = scopes.map { .init($0.repository, $0.actions.intersection(["pull"])) }
        }
        return token(subject: subject, scopes: scopes, lifetime: lifetime, service: request.authority ?? "registry")
    }

    /// The answer with an access token, under both of the names that clients read.
    func token(
        subject: String,
        scopes: [RegistryToken.Scope],
        lifetime: Duration,
        service: String
    ) -> LocalResponse {
        let now = time.date()
        let text = RegistryToken(.access, subject: subject, expires: now + lifetime, scopes: scopes)
            .signed(with: key, service: service, issued: now)
        let body: JSONValue = [
            "token": .string(text), "access_token": .string(text), "issued_at": .string(now.rfc3339),
            "expires_in": .integer(lifetime.components.seconds),
        ]
        return LocalResponse(.ok, text: body.canonicalText, type: "application/json")
    }
}

extension RegistryRoute {
    /// Whether it is about a blob on its way, where even a look needs the right to push.
    fileprivate var isUpload: Bool {
        switch self {
        case .upload, .startUpload: true
        default: false
        }
    }
}

extension String {
    /// The challenge with a second scope, for a request that needs two repositories.
    fileprivate func replacingScope(with first: RegistryToken.Scope?, and second: RegistryToken.Scope) -> String {
        guard let first else { return self }
        return String(dropLast("scope=\"\(first.description)\"".utf8.count))
            + "scope=\"\(first.description) \(second.description)\""
    }
}
