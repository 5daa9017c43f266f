/// How one registry is spoken to.
public struct RegistryHostOptions: Sendable, Hashable {
    /// Which listing of tags a registry has.
    public enum Kind: Sendable, Hashable {
        /// `azure` for the hosts of Azure Container Registry, else `distribution`.
        case automatic
        /// The OCI distribution specification and nothing else.
        case distribution
        /// Azure Container Registry: tags with digests and push times, and the exchange of Entra ID tokens.
        case azure
    }

    /// Speaks HTTP without TLS, credentials included. For registries on a trusted network.
    public var plainHTTP: Bool
    /// Which listing of tags the registry has.
    public var kind: Kind
    /// Hosts that realms and redirects of this registry may name although they are private addresses.
    public var trustedHosts: Set<String>

    /// Options of their parts.
    public init(plainHTTP: Bool = false, kind: Kind = .automatic, trustedHosts: Set<String> = []) {
        self.plainHTTP = plainHTTP
        self.kind = kind
        self.trustedHosts = Set(trustedHosts.map { $0.lowercased() })
    }
}
