public import HTTPTransport

/// A cloud of Azure: where its identities log in, and what belongs to it.
public enum AzureCloud: Sendable, Hashable, CaseIterable {
    /// The public cloud (AzureCloud).
    case global
    /// AzureUSGovernment.
    case usGovernment
    /// AzureChinaCloud, run by 21Vianet.
    case china

    /// Where its tokens come from (Microsoft Learn, "National clouds": Microsoft Entra authentication endpoints).
    public var authority: HTTPURL {
        switch self {
        case .global: HTTPURL(scheme: "https", host: "login.microsoftonline.com")
        case .usGovernment: HTTPURL(scheme: "https", host: "login.microsoftonline.us")
        case .china: HTTPURL(scheme: "https", host: "login.chinacloudapi.cn")
        }
    }

    /// The cloud that a registry or a storage account belongs to by its host; nil where the host is not Azure's.
    public init?(host: String) {
        let suffixes: [(String, AzureCloud)] = [
            (".azurecr.io", .global), (".azurecr.us", .usGovernment), (".azurecr.cn", .china),
            (".blob.core.windows.net", .global), (".blob.storage.azure.net", .global),
            (".blob.core.usgovcloudapi.net", .usGovernment), (".blob.core.chinacloudapi.cn", .china),
        ]
        guard
            let found = suffixes.first(where: { host.hasSuffix($0.0) && host.utf8.count > $0.0.utf8.count })
        else { return nil }
        self = found.1
    }
}

/// What an Entra ID token is for.
public enum EntraScope: Sendable, Hashable, CaseIterable {
    /// Container registries. One audience in all clouds.
    case containerRegistry
    /// Storage accounts. One audience in all clouds.
    case storage

    /// What a token of the v2.0 endpoint is asked for by.
    public var text: String { resource + "/.default" }

    /// What a managed identity is asked for by.
    public var resource: String {
        switch self {
        case .containerRegistry: "https://containerregistry.azure.net"
        case .storage: "https://storage.azure.com"
        }
    }
}
