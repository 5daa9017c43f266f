import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import Synchronization

/// What Azure Container Registry has besides the distribution specification (its data plane API 2021-07-01).
extension EmulatedRegistry {
    /// `POST /oauth2/exchange`: an Entra ID token for a refresh token; `/oauth2/token`: a refresh token, or the admin
    /// user's password, for an access token.
    func azureToken(
        _ route: RegistryRoute,
        _ request: HTTPRequest,
        _ form: [String: String]
    ) async throws(RegistryFailure) -> LocalResponse {
        guard case .azure(let lifetime, let refreshLifetime, let acceptsToken) = options.access.scheme else {
            throw .notFound
        }
        let denied = RegistryFailure(.unauthorized, "UNAUTHORIZED", "authentication required")
        guard let service = form["service"], service == request.authority else {
            throw RegistryFailure(.badRequest, "UNSUPPORTED", "service does not name this registry")
        }
        let now = time.date()
        if route == .azureExchange {
            guard request.method == .post else { throw .unsupported }
            guard form["grant_type"] == "access_token", let token = form["access_token"], await acceptsToken(token, now)
            else { throw denied }
            let refresh = RegistryToken(.refresh, subject: "entra", expires: now + refreshLifetime, scopes: [])
                .signed(with: key, service: service, issued: now)
            let body: JSONValue = ["refresh_token": .string(refresh)]
            return LocalResponse(.ok, text: body.canonicalText, type: "application/json")
        }
        let scopes = (form["scope"] ?? "").split(separator: " ").compactMap { RegistryToken.Scope(String($0)) }
        if request.method == .get {
            guard let credential = BasicCredential(request.headerFields[.authorization]),
                options.access.knows(credential)
            else { throw denied }
            return token(subject: credential.user, scopes: scopes, lifetime: lifetime, service: service)
        }
        guard request.method == .post else { throw .unsupported }
        guard form["grant_type"] == "refresh_token", let text = form["refresh_token"],
            let refresh = RegistryToken(text, key: key, now: now), refresh.purpose == .refresh
        else { throw denied }
        return token(subject: refresh.subject, scopes: scopes, lifetime: lifetime, service: service)
    }

    /// `GET /acr/v1/<name>/_tags`: tags with their dates, by name or by date, in pages of `n` after `last`.
    func azureTags(
        of name: String,
        _ request: HTTPRequest,
        _ target: RequestTarget
    ) throws(RegistryFailure) -> LocalResponse {
        let limit = min(try pageSize(target) ?? 100, 10_000)
        let order = target.value("orderby") ?? ""
        guard var tags = contents.withLock({ $0.repositories[name]?.tags }) else { throw .nameUnknown(name) }
        if let digest = target.value("digest") { tags = tags.filter { $0.value.digest.description == digest } }
        let sorted = tags.sorted { left, right in
            switch order {
            case "timedesc" where left.value.updated != right.value.updated: left.value.updated > right.value.updated
            case "timeasc" where left.value.updated != right.value.updated: left.value.updated < right.value.updated
            default: left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
            }
        }
        var rest = sorted[...]
        if let last = target.value("last"), !last.isEmpty {
            if let index = sorted.firstIndex(where: { $0.key == last }) {
                rest = sorted[(index + 1)...]
            } else if order.isEmpty || order == "none" {
                rest =
                    sorted[(sorted.firstIndex { last.utf8.lexicographicallyPrecedes($0.key.utf8) } ?? sorted.count)...]
            }
        }
        let page = rest.prefix(limit)
        var headers: HTTPFields = [:]
        if page.count < rest.count, let last = page.last {
            var pairs = [("last", last.key), ("n", String(limit))]
            if !order.isEmpty { pairs.append(("orderby", order)) }
            if let digest = target.value("digest") { pairs.append(("digest", digest)) }
            headers[.link] = "</acr/v1/\(name)/_tags?\(HTTPURL.query(pairs))>; rel=\"next\""
        }
        var body = azureHead(name, request)
        body["tags"] = .array(page.map { azureTag($0.key, $0.value) })
        return LocalResponse(.ok, headers, text: body.canonicalText, type: "application/json; charset=utf-8")
    }

    /// `GET /acr/v1/<name>/_tags/<tag>`.
    func azureTag(_ tag: String, in name: String, _ request: HTTPRequest) throws(RegistryFailure) -> LocalResponse {
        guard let found = contents.withLock({ $0.repositories[name]?.tags[tag] }) else {
            throw RegistryFailure(.notFound, "TAG_UNKNOWN", "the specified tag does not exist")
        }
        var body = azureHead(name, request)
        body["tag"] = azureTag(tag, found)
        return LocalResponse(.ok, text: body.canonicalText, type: "application/json; charset=utf-8")
    }

    private func azureHead(_ name: String, _ request: HTTPRequest) -> JSONValue {
        ["registry": .string(request.authority ?? "registry"), "imageName": .string(name)]
    }

    private func azureTag(_ name: String, _ tag: RegistryContents.Tag) -> JSONValue {
        [
            "name": .string(name), "digest": .string(tag.digest.description),
            "createdTime": .string(tag.created.rfc3339Micro), "lastUpdateTime": .string(tag.updated.rfc3339Micro),
            "signed": false,
            "changeableAttributes": [
                "deleteEnabled": true, "writeEnabled": true, "readEnabled": true, "listEnabled": true,
            ],
        ]
    }
}
