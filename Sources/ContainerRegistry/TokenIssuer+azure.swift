import Artifacts
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
            let entra = try await entraToken(source, refused: nil, at: endpoint)
            let answer: TokenAnswer
            do throws(RegistryError) {
                answer = try await exchange(entra, endpoint)
            } catch {
                // The Entra ID token may have been revoked before its time: one new one.
                guard error.code == .unauthorized else { throw error }
                let fresh = try await entraToken(source, refused: entra, at: endpoint)
                guard fresh != entra else { throw error }
                answer = try await exchange(fresh, endpoint)
            }
            return TokenCache.Grant(answer.token, life: answer.life, since: start, challenge: nil)
        }
    }
    private func exchange(_ entra: SecretText, _ endpoint: RegistryEndpoint) async throws(RegistryError) -> TokenAnswer
    {
        let form = [
            ("grant_type", "access_token"), ("service", endpoint.url.authority), ("access_token", entra.value),
        ]
        return try await post(form, to: endpoint.url(path: "/oauth2/exchange"), members: ["refresh_token"], endpoint)
    }

    private func entraToken(
        _ source: EntraTokenSource,
        refused: SecretText?,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> SecretText {
        do {
            return try await source.supply(refused)
        } catch {
            throw RegistryError(supplying: error, "no Entra ID token for \(source.identity)", at: endpoint)
        }
    }
}
