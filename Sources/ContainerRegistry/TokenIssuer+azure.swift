import HTTPTransport

/// Azure's way from an Entra ID token to a registry token: `POST /oauth2/exchange` buys a refresh token (good for three
/// hours), `POST /oauth2/token` buys access tokens with it. Both go to the registry itself, whatever its challenge
/// says.
extension TokenIssuer {
    func azureGrant(
        _ source: EntraTokenSource,
        scope: String,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenCache.Grant {
        let start = transport.time.now
        let key = TokenCache.Key(
            origin: endpoint.url.origin,
            scope: "",
            credential: .entra(source),
            purpose: .azureRefresh
        )
        var refresh = try await refreshGrant(source, key, replacing: nil, at: endpoint)
        let answer: TokenAnswer
        do throws(RegistryError) {
            answer = try await access(refresh.value, scope, endpoint)
        } catch {
            // Revoked or expired early: one new exchange.
            guard error.code == .unauthorized else { throw error }
            refresh = try await refreshGrant(source, key, replacing: refresh.id, at: endpoint)
            answer = try await access(refresh.value, scope, endpoint)
        }
        return TokenCache.Grant(
            SecretText("Bearer " + answer.token.value),
            life: answer.life,
            since: start,
            challenge: nil
        )
    }

    private func access(
        _ refresh: SecretText,
        _ scope: String,
        _ endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenAnswer {
        let form = [
            ("grant_type", "refresh_token"), ("service", endpoint.url.authority), ("scope", scope),
            ("refresh_token", refresh.value),
        ]
        return try await post(form, to: endpoint.url(path: "/oauth2/token"), members: ["access_token"], endpoint)
    }

    private func refreshGrant(
        _ source: EntraTokenSource,
        _ key: TokenCache.Key,
        replacing stale: UInt64?,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenCache.Grant {
        try await cache.grant(for: key, replacing: stale) { _ throws(RegistryError) in
            let start = transport.time.now
            let entra: SecretText
            do {
                entra = try await source.supply()
            } catch let error as RegistryError {
                throw error
            } catch is CancellationError {
                throw RegistryError(.cancelled, "\(endpoint.name): cancelled while waiting for an Entra ID token")
            } catch {
                throw RegistryError(
                    .credential,
                    "\(endpoint.name): no Entra ID token for \(source.identity)",
                    underlying: error
                )
            }
            let form = [
                ("grant_type", "access_token"), ("service", endpoint.url.authority), ("access_token", entra.value),
            ]
            let url = endpoint.url(path: "/oauth2/exchange")
            let answer = try await post(form, to: url, members: ["refresh_token"], endpoint)
            return TokenCache.Grant(answer.token, life: answer.life, since: start, challenge: nil)
        }
    }
}
