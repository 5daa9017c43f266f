import Artifacts
import HTTPTransport
import HTTPTypes

/// Fetches tokens for a registry: from the token server of a challenge, or from Azure's exchange.
struct TokenIssuer: Sendable {
    let transport: RetryingTransport
    let cache: TokenCache

    /// The largest answer of a token server.
    static let maximumBytes = 1 << 20

    /// What to send instead of what the registry answered with `challenges`.
    func grant(
        answering challenges: [AuthenticationChallenge],
        as credential: RegistryCredential,
        scope: String,
        replacing previous: TokenCache.Grant? = nil,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenCache.Grant {
        if case .supplied(let source) = credential {
            return try await suppliedGrant(source, replacing: previous, at: endpoint)
        }
        if case .registryToken = credential { throw refusal(endpoint, "the registry refuses the registry token") }
        if case .entra(let source) = credential { return try await azureGrant(source, scope: scope, at: endpoint) }
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let challenge = try BearerChallenge(bearer, at: endpoint)
            return try await grant(for: challenge, as: credential, scope: scope, at: endpoint)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw refusal(endpoint, "the registry asks for authentication, but neither by Bearer nor by Basic")
        }
        guard case .basic(let username, let password) = credential else {
            throw refusal(endpoint, "the registry wants a user name and a password; give them in a pull secret")
        }
        let value = try basic(username, password, endpoint)
        return TokenCache.Grant(value, life: TokenAnswer.maximumLife, since: transport.time.now, challenge: nil)
    }

    /// A token from the server that `challenge` names.
    func grant(
        for challenge: BearerChallenge,
        as credential: RegistryCredential,
        scope: String,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenCache.Grant {
        let start = transport.time.now
        let scopes = challenge.scopes(with: scope)
        let answer: TokenAnswer
        switch credential {
        case .anonymous: answer = try await get(challenge, scopes, authorization: nil, endpoint)
        case .basic(let username, let password):
            let value = try basic(username, password, endpoint)
            answer = try await get(challenge, scopes, authorization: value, endpoint)
        case .identityToken(let token):
            var form = [("grant_type", "refresh_token")]
            if let service = challenge.service { form.append(("service", service)) }
            form += [
                ("client_id", "modelapp"), ("scope", scopes.joined(separator: " ")), ("refresh_token", token.value),
            ]
            answer = try await post(form, to: challenge.realm, members: ["access_token", "token"], endpoint)
        case .registryToken: throw refusal(endpoint, "the registry refuses the registry token")
        case .entra(let source): return try await azureGrant(source, scope: scope, at: endpoint)
        case .supplied(let source): return try await suppliedGrant(source, replacing: nil, at: endpoint)
        }
        return TokenCache.Grant(
            SecretText("Bearer " + answer.token.value),
            life: answer.life,
            since: start,
            challenge: challenge
        )
    }

    private func get(
        _ challenge: BearerChallenge,
        _ scopes: [String],
        authorization: SecretText?,
        _ endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenAnswer {
        var pairs: [(String, String)] = []
        if let service = challenge.service { pairs.append(("service", service)) }
        pairs += scopes.map { ("scope", $0) }
        var url = challenge.realm
        let query = HTTPURL.query(pairs)
        url.query = url.query.map { $0.isEmpty ? query : $0 + "&" + query } ?? query
        var fields: HTTPFields = [.accept: "application/json"]
        if let authorization { fields[.authorization] = authorization.value }
        return try await ask(url.request(.get, fields), nil, url, members: ["token", "access_token"], endpoint)
    }

    func post(
        _ form: [(String, String)],
        to url: HTTPURL,
        members: [String],
        _ endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenAnswer {
        let fields: HTTPFields = [.accept: "application/json", .contentType: "application/x-www-form-urlencoded"]
        let body = HTTPRequestBody.bytes(Array(HTTPURL.query(form).utf8))
        return try await ask(url.request(.post, fields), body, url, members: members, endpoint)
    }

    /// Asks a token server. No redirect is followed: the request carries a credential.
    private func ask(
        _ request: HTTPRequest,
        _ body: HTTPRequestBody?,
        _ url: HTTPURL,
        members: [String],
        _ endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenAnswer {
        let subject = "\(endpoint.name): token server \(url.host)"
        do {
            return try await transport.send(request, body: body, about: subject) { response, chunks in
                let status = response.status.code
                guard status == 200 else { throw failure(response, subject) }
                let bytes = try await chunks.collect(upTo: TokenIssuer.maximumBytes)
                guard let answer = TokenAnswer(bytes, members: members, now: transport.time.date()) else {
                    throw RegistryError(
                        .malformedAnswer,
                        "\(subject): the answer holds no usable token",
                        status: status
                    )
                }
                return answer
            }
        } catch {
            throw RegistryError(error, about: subject)
        }
    }

    private func failure(_ response: HTTPResponse, _ subject: String) -> RegistryError {
        let status = response.status.code
        let (code, message): (RegistryError.Code, String) =
            switch status {
            case 400, 401: (.unauthorized, "it refuses the credentials; check the pull secret")
            case 403: (.denied, "it denies access; check the repository's name and the rights of the credentials")
            case 404, 405: (.rejected, "it does not offer this kind of login; use a user name and a password")
            case 429: (.rateLimited, "it asks to slow down")
            case 500...: (.unavailable, "it fails")
            case 300..<400: (.insecure, "it redirects, which is not followed with credentials")
            default: (.rejected, "it refuses the request")
            }
        return RegistryError(
            code,
            "\(subject): \(message) (\(status))",
            status: status,
            retryAfter: transport.retryAfter(response)
        )
    }

    private func basic(
        _ username: String,
        _ password: SecretText,
        _ endpoint: RegistryEndpoint
    ) throws(RegistryError) -> SecretText {
        guard !username.utf8.contains(UInt8(ascii: ":")) else {
            throw RegistryError(.credential, "\(endpoint.name): a user name must not contain a colon")
        }
        return SecretText("Basic " + Base64.encode((username + ":" + password.value).utf8))
    }

    private func refusal(_ endpoint: RegistryEndpoint, _ why: String) -> RegistryError {
        RegistryError(.unauthorized, "\(endpoint.name): \(why)", status: 401)
    }
}
