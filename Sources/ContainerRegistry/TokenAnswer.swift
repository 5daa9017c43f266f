import Artifacts
import HTTPTransport
import JSON

/// What a token server answers (distribution `auth/token`, `auth/oauth`; ACR `oauth2/exchange`).
struct TokenAnswer: Sendable {
    /// The token to send to the registry, or to exchange further.
    let token: SecretText
    /// How long it is good from the moment it was asked for.
    let life: Duration

    /// The specification's default for a token without a life of its own.
    static let defaultLife = Duration.seconds(60)
    /// No token is kept longer, whatever its server says.
    static let maximumLife = Duration.seconds(86_400)

    /// Reads the first of `members` that holds a token; nil where none does or it cannot stand in a header.
    init?(_ body: [UInt8], members: [String], now: Timestamp) {
        guard let document = try? JSONValue(parsing: body),
            let text = members.lazy.compactMap({ document[$0]?.string }).first(where: { !$0.isEmpty })
        else { return nil }
        token = SecretText(text)
        guard token.isHeaderSafe else { return nil }
        let issued = document["issued_at"]?.string.flatMap { try? Timestamp(rfc3339: $0) }
        life = TokenAnswer.life(expiresIn: document["expires_in"]?.double, issuedAt: issued, token: token, now: now)
    }

    /// The life that is left. An `issued_at` that makes no sense against our clock is ignored: a token just received
    /// is taken to be good.
    static func life(expiresIn: Double?, issuedAt: Timestamp?, token: SecretText, now: Timestamp) -> Duration {
        guard let expiresIn, expiresIn.isFinite, expiresIn > 0 else {
            return min(webTokenLife(token, now: now) ?? defaultLife, maximumLife)
        }
        let whole = Duration.milliseconds(Int64(min(expiresIn, 86_400) * 1000))
        guard let issuedAt, issuedAt < now, now - issuedAt < whole else { return whole }
        return whole - (now - issuedAt)
    }

    /// What is left of a JSON web token by its own claims, which are not verified: they only say when to renew.
    private static func webTokenLife(_ token: SecretText, now: Timestamp) -> Duration? {
        let parts = token.value.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decodeAnyForm(String(parts[1])),
            let claims = try? JSONValue(parsing: payload), let expiry = claims["exp"]?.integer
        else { return nil }
        let starts = [claims["iat"]?.integer, claims["nbf"]?.integer, now.seconds].compactMap { $0 }
        let lives = starts.compactMap { start -> Int64? in
            let (life, overflow) = expiry.subtractingReportingOverflow(start)
            return overflow || life <= 0 ? nil : min(life, 86_400)
        }
        return lives.min().map { .seconds($0) }
    }
}
