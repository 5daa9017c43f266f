import CloudIdentity
public import HTTPTransport
import ModelAppAPI

/// The way to sources outside of the cluster.
public struct SourceAccess: Sendable {
    /// A transport that trusts what it is told to; asked once per scan, so it should be cheap.
    public var transport: @Sendable (TLSTrust) async throws -> any HTTPTransport
    /// Hosts that may see credentials besides the providers' own (`--allow-endpoint`).
    public var allowedEndpoints: [String]
    /// The way to identities of clouds; nil where there is none.
    public var clouds: CloudAccess?
    /// A number in 0..<1 for jitter.
    public var random: @Sendable () -> Double

    /// An access of its parts.
    public init(
        transport: @escaping @Sendable (TLSTrust) async throws -> any HTTPTransport,
        allowedEndpoints: [String] = [],
        clouds: CloudAccess? = nil,
        random: @escaping @Sendable () -> Double
    ) {
        self.transport = transport
        self.allowedEndpoints = allowedEndpoints
        self.clouds = clouds
        self.random = random
    }

    /// Whether `authority`, `host` or `host:port`, may see credentials although it is none of the providers' own.
    func allows(authority: String) -> Bool {
        let host = HTTPURL.split(authority: authority)?.host ?? authority
        return allowedEndpoints.contains { $0.lowercased() == authority || $0.lowercased() == host }
    }

    /// What opens a store for this process itself: its identity at a cloud, or keys of its environment.
    func opener(_ identity: CloudProvider?, _ keys: [String: String]) throws(ScanFailure) -> SourceOpener {
        guard let identity else {
            return keys.isEmpty ? .anonymous : .values(keys, certificate: nil, name: "environment")
        }
        guard let clouds else {
            throw ScanFailure(reason: "IdentityForbidden", message: "this process has no way to clouds")
        }
        do throws(IdentityError) {
            return try clouds.own(identity)
        } catch {
            throw ScanFailure(error, "the identity of this process")
        }
    }
}
