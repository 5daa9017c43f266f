public import Artifacts

/// Who may use an emulated registry, and how they prove it.
public struct RegistryAccess: Sendable {
    enum Scheme: Sendable {
        case anonymous
        case basic
        case token(lifetime: Duration, anonymousPull: Bool)
        case azure(
            lifetime: Duration,
            refreshLifetime: Duration,
            acceptsToken: @Sendable (String, Timestamp) async -> Bool
        )
    }

    let scheme: Scheme
    let users: [String: String]

    /// Anybody may do anything.
    public static let anonymous = RegistryAccess(scheme: .anonymous, users: [:])

    /// HTTP Basic, with passwords by user.
    public static func basic(_ users: [String: String]) -> RegistryAccess {
        RegistryAccess(scheme: .basic, users: users)
    }

    /// Bearer tokens from the registry's own `/token` (distribution specification: token authentication).
    /// - Parameters:
    ///   - users: passwords by user; a user may pull, push and delete everywhere.
    ///   - lifetime: how long a token is good for.
    ///   - anonymousPull: whether who shows no password gets a token to pull with.
    public static func token(
        _ users: [String: String],
        lifetime: Duration = .seconds(300),
        anonymousPull: Bool = false
    ) -> RegistryAccess {
        RegistryAccess(scheme: .token(lifetime: lifetime, anonymousPull: anonymousPull), users: users)
    }

    /// As Azure Container Registry: `/oauth2/exchange` takes an Entra ID token for a refresh token, `/oauth2/token`
    /// takes that for an access token, and the admin user's password is taken as well.
    /// - Parameters:
    ///   - users: the admin user's password.
    ///   - lifetime: of access tokens (75 minutes in Azure).
    ///   - refreshLifetime: of refresh tokens (3 hours in Azure).
    ///   - acceptsToken: whether an Entra ID token is good at a time.
    public static func azure(
        _ users: [String: String] = [:],
        lifetime: Duration = .seconds(4500),
        refreshLifetime: Duration = .seconds(10_800),
        acceptsToken: @escaping @Sendable (String, Timestamp) async -> Bool
    ) -> RegistryAccess {
        RegistryAccess(
            scheme: .azure(lifetime: lifetime, refreshLifetime: refreshLifetime, acceptsToken: acceptsToken),
            users: users
        )
    }

    /// Whether the password is that user's.
    func knows(_ credential: BasicCredential) -> Bool {
        guard let password = users[credential.user] else { return false }
        return equalInConstantTime(password.utf8, credential.password.utf8)
    }

    var isAzure: Bool { if case .azure = scheme { true } else { false } }
}
