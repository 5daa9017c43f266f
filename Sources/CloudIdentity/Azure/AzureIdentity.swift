public import Artifacts
public import Trust

/// Who asks Entra ID for tokens, and by what it proves that.
public struct AzureIdentity: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    enum Proof: Sendable {
        case secret(SecretText)
        case certificate(SigningIdentity)
        case federated(TokenSupplier)
    }

    enum Kind: Sendable {
        case application(tenant: String, client: String, Proof)
        case managed(ManagedIdentity)
    }

    /// Which of a node's identities is meant.
    public enum ManagedIdentity: Sendable, Hashable {
        /// The one that the node itself has.
        case system
        /// A user-assigned one, by its client id.
        case client(String)
        /// A user-assigned one, by its resource id `/subscriptions/.../userAssignedIdentities/NAME`.
        case resource(String)
    }

    let kind: Kind
    /// Tells identities apart: tokens are shared between askers with equal names, so a name must stand for one proof,
    /// not only for the client that the proof claims to be. Not secret.
    public let name: String

    /// A service principal with a secret. Throws `configuration` for a malformed tenant, client or secret.
    public static func secret(
        _ secret: SecretText,
        tenant: String,
        client: String,
        name: String
    ) throws(IdentityError) -> AzureIdentity {
        guard !secret.value.isEmpty, secret.value.utf8.count <= 4096 else {
            throw IdentityError(.configuration, "the client secret is empty or longer than 4096 bytes")
        }
        return try application(tenant, client, .secret(secret), name)
    }

    /// A service principal with a certificate.
    public static func certificate(
        _ certificate: SigningIdentity,
        tenant: String,
        client: String,
        name: String
    ) throws(IdentityError) -> AzureIdentity {
        guard case .rsa = certificate.key.kind else {
            throw IdentityError(.configuration, "Entra ID takes certificates with RSA keys only; make one of 2048 bits")
        }
        return try application(tenant, client, .certificate(certificate), name)
    }

    /// A federated identity (workload identity): tokens of a Kubernetes ServiceAccount vouch for it. Their audience must
    /// be `federationAudience`.
    public static func federated(
        _ token: TokenSupplier,
        tenant: String,
        client: String,
        name: String
    ) throws(IdentityError) -> AzureIdentity {
        try application(tenant, client, .federated(token), name)
    }

    /// The identity of the node this process runs on.
    public static func managed(_ identity: ManagedIdentity, name: String) -> AzureIdentity {
        AzureIdentity(kind: .managed(identity), name: name)
    }

    /// The audience of tokens that a federated identity shows.
    public static let federationAudience = "api://AzureADTokenExchange"

    private init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    private static func application(
        _ tenant: String,
        _ client: String,
        _ proof: Proof,
        _ name: String
    ) throws(IdentityError) -> AzureIdentity {
        // A tenant stands in the path of the token server's URL: an id or a domain, never more.
        guard isName(tenant, also: "-.") else {
            throw IdentityError(.configuration, "the tenant \"\(tenant.clipped)\" is neither an id nor a domain")
        }
        guard isName(client, also: "-") else {
            throw IdentityError(.configuration, "the client \"\(client.clipped)\" is not the id of an application")
        }
        return AzureIdentity(kind: .application(tenant: tenant, client: client, proof), name: name)
    }

    private static func isName(_ text: String, also others: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || others.utf8.contains($0)
            } && !text.hasPrefix(".")
    }

    /// The name; never the proof.
    public var description: String { name }
    /// The name; never the proof.
    public var debugDescription: String { name }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
