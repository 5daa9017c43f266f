public import Artifacts

/// What a registry is told about who asks. Prints its kind, never a name or a secret.
public enum RegistryCredential: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Nobody: a token is still fetched where the registry wants one.
    case anonymous
    /// A user name and a password, sent to the token server or, where the registry asks for it, to the registry.
    case basic(username: String, password: SecretText)
    /// An OAuth 2 refresh token (`identitytoken` of a Docker config), exchanged by POST at the token server.
    case identityToken(SecretText)
    /// A bearer token for the registry itself (`registrytoken` of a Docker config), sent as it is.
    case registryToken(SecretText)
    /// An Entra ID identity, exchanged at an Azure Container Registry.
    case entra(EntraTokenSource)
    /// A user name and a password that live for a while, sent to the registry itself: Amazon ECR.
    case supplied(PasswordSource)

    /// The kind of credential.
    public var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .basic: "user name and password"
        case .identityToken: "identity token"
        case .registryToken: "registry token"
        case .entra: "Entra ID identity"
        case .supplied: "temporary password"
        }
    }
    /// The kind of credential.
    public var debugDescription: String { description }
}

/// Supplies Entra ID access tokens for a registry (scope `https://containerregistry.azure.net/.default`).
///
/// Two sources are equal when they stand for the same identity: tokens of one may then serve the other.
public struct EntraTokenSource: Sendable, Hashable {
    /// Names the identity, such as `tenant/client`; must not be secret.
    public let identity: String
    let supply: @Sendable (_ refused: SecretText?) async throws -> SecretText

    /// A source for `identity`. `supply` is called once per exchange, about every two hours; it may cache, and is given
    /// a token that the registry just refused. The text of what it throws enters messages and must hold no credential.
    public init(
        identity: String,
        _ supply: @escaping @Sendable (_ refused: SecretText?) async throws -> SecretText
    ) {
        self.identity = identity
        self.supply = supply
    }

    /// Whether both stand for the same identity.
    public static func == (left: EntraTokenSource, right: EntraTokenSource) -> Bool { left.identity == right.identity }
    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}

/// Supplies user names and passwords that live for a while.
///
/// Two sources are equal when they stand for the same identity.
public struct PasswordSource: Sendable, Hashable {
    /// Names the identity; must not be secret.
    public let identity: String
    let supply: @Sendable (_ refused: SecretText?) async throws -> (username: String, password: SecretText)

    /// A source for `identity`. `supply` caches and renews, and is given a password that the registry just refused. The
    /// text of what it throws enters messages and must hold no credential.
    public init(
        identity: String,
        _ supply: @escaping @Sendable (_ refused: SecretText?) async throws -> (username: String, password: SecretText)
    ) {
        self.identity = identity
        self.supply = supply
    }

    /// Whether both stand for the same identity.
    public static func == (left: PasswordSource, right: PasswordSource) -> Bool { left.identity == right.identity }
    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}
