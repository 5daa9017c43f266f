import Artifacts
import HTTPTransport
import HTTPTypes

/// Authentication and redirects around a single call.
extension RegistryClient {
    /// How many redirects of one call are followed.
    static let maximumRedirects = 5

    private enum Answer<Value: Sendable>: Sendable {
        case value(Value)
        case challenged([String])
        case redirected(String?)
    }

    /// Sends a call with each credential that fits, in turn, until one is not refused. `consume` gets the answers with
    /// a status of 2xx or one of `call.accepted`.
    ///
    /// Throws `RegistryError`, and whatever else `consume` throws.
    func exchange<Value: Sendable>(
        _ call: RegistryCall,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let origin = call.endpoint.url.origin
        let repository = call.reference.repository
        let found = keyring.credentials(for: call.reference)
        let candidates = cache.order(found.isEmpty ? [.anonymous] : found, origin: origin, repository: repository)
        var refusal: RegistryError?
        for credential in candidates {
            var isConsumed = false
            do {
                let value = try await exchange(call, as: credential) { response, chunks in
                    isConsumed = true
                    return try await consume(response, chunks)
                }
                if candidates.count > 1 { cache.remember(credential, origin: origin, repository: repository) }
                return value
            } catch let error as RegistryError where error.isRefusal && !isConsumed {
                refusal = error
            }
        }
        throw refusal ?? RegistryError(.unauthorized, "\(call.subject): no credentials")
    }

    private func exchange<Value: Sendable>(
        _ call: RegistryCall,
        as credential: RegistryCredential,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let key = TokenCache.Key(
            origin: call.endpoint.url.origin,
            scope: call.scope,
            credential: credential,
            purpose: .access
        )
        var grant = try await present(credential, key, call)
        var isRenewed = false
        while true {
            switch try await follow(call, authorization: grant?.value, consume) {
            case .value(let value): return value
            case .redirected: throw RegistryError(.malformedAnswer, "\(call.subject): an unexpected redirect")
            case .challenged(let fields):
                guard !isRenewed else {
                    throw RegistryError(status: 401, registryCode: nil, retryAfter: nil, about: call.subject)
                }
                isRenewed = true
                let challenges = fields.prefix(16).flatMap { AuthenticationChallenge.parse($0) }
                let refused = grant
                grant = try await cache.grant(for: key, replacing: grant?.id) { _ throws(RegistryError) in
                    try await issuer.grant(
                        answering: challenges,
                        as: credential,
                        scope: call.scope,
                        replacing: refused,
                        at: call.endpoint
                    )
                }
            }
        }
    }

    /// What to send with the first attempt; nil where the registry has to say first what it wants.
    private func present(
        _ credential: RegistryCredential,
        _ key: TokenCache.Key,
        _ call: RegistryCall
    ) async throws(RegistryError) -> TokenCache.Grant? {
        let now = transport.time.now
        switch credential {
        case .registryToken(let token):
            guard token.isHeaderSafe else {
                throw RegistryError(.credential, "\(call.subject): the registry token is malformed")
            }
            let value = SecretText("Bearer " + token.value)
            return TokenCache.Grant(value, life: TokenAnswer.maximumLife, since: now, challenge: nil)
        case .entra(let source):
            let url = call.endpoint.url
            guard call.endpoint.isAzure, url.scheme == "https" || HostScope(host: url.host) == .loopback else {
                throw RegistryError(
                    .credential,
                    "\(call.endpoint.name): an Entra ID identity is only sent to an Azure Container Registry"
                )
            }
            return try await cache.grant(for: key) { _ throws(RegistryError) in
                try await issuer.azureGrant(source, scope: call.scope, at: call.endpoint)
            }
        case .supplied(let source):
            guard call.endpoint.url.scheme == "https" || HostScope(host: call.endpoint.url.host) == .loopback else {
                throw RegistryError(.credential, "\(call.endpoint.name): a temporary password is only sent over https")
            }
            return try await cache.grant(for: key) { _ throws(RegistryError) in
                try await issuer.suppliedGrant(source, replacing: nil, at: call.endpoint)
            }
        case .anonymous, .basic, .identityToken:
            guard let known = cache.known(key) else { return nil }
            guard known.challenge != nil else { return now < known.expiresAt ? known : nil }
            return try await cache.grant(for: key) { previous throws(RegistryError) in
                guard let challenge = previous?.challenge else {
                    throw RegistryError(.unauthorized, "\(call.subject): the registry changed how it authenticates")
                }
                return try await issuer.grant(
                    for: challenge,
                    as: credential,
                    scope: call.scope,
                    at: call.endpoint
                )
            }
        }
    }

    /// Sends a call and follows its redirects. The authorization goes to the registry's own origin only, and never
    /// again once a redirect has left it.
    private func follow<Value: Sendable>(
        _ call: RegistryCall,
        authorization: SecretText?,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Answer<Value> {
        var url = call.url
        var hasLeft = false
        for _ in 0...RegistryClient.maximumRedirects {
            var headers = call.headers
            if let authorization, !hasLeft { headers[.authorization] = authorization.value }
            let isAbroad = hasLeft
            let answer: Answer<Value> = try await transport.send(
                url.request(call.method, headers),
                body: call.body,
                about: call.subject,
                repeatable: call.isRepeatable,
                timeouts: call.timeouts,
                retried: call.isRetried
            ) { response, chunks in
                let status = response.status.code
                if (200..<300).contains(status) || call.accepted.contains(status) {
                    return .value(try await consume(response, chunks))
                }
                if call.followsRedirects, [301, 302, 303, 307, 308].contains(status) {
                    return .redirected(response.headerFields[.location])
                }
                if status == 401, !isAbroad {
                    return .challenged(response.headerFields[values: .wwwAuthenticate])
                }
                throw await failure(response, chunks, call, isAbroad: isAbroad)
            }
            guard case .redirected(let location) = answer else { return answer }
            let target = try call.endpoint.redirect(from: url, to: location)
            hasLeft = hasLeft || !call.endpoint.isSameOrigin(target)
            url = target
        }
        throw RegistryError(
            .malformedAnswer,
            "\(call.subject): more than \(RegistryClient.maximumRedirects) redirects"
        )
    }

    private func failure(
        _ response: HTTPResponse,
        _ chunks: HTTPBodyChunks,
        _ call: RegistryCall,
        isAbroad: Bool
    ) async -> RegistryError {
        let status = response.status.code
        let retryAfter = transport.retryAfter(response)
        if isAbroad, status == 401 || status == 403 {
            // The signed URL is refused, not our credential: it may have expired on the way.
            return RegistryError(
                .unavailable,
                "\(call.subject): the blob store behind the registry refuses its redirect (\(status))",
                status: status
            )
        }
        // The body only refines the message: whatever is wrong with it changes nothing.
        let body = call.method == .head ? [] : (try? await chunks.collect(upTo: 65_536)) ?? []
        return RegistryError(
            status: status,
            registryCode: RegistryError.registryCode(in: body),
            retryAfter: retryAfter,
            verb: call.action.verb,
            about: call.subject
        )
    }
}
