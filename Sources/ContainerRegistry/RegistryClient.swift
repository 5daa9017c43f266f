import Artifacts
public import HTTPTransport
import HTTPTypes

/// Reads and writes image registries by the OCI distribution specification.
///
/// Guarantees: whatever is returned for a digest has that digest; credentials go over TLS (or in the clear only to a
/// registry of which that was asked), to the registry they are for and its token server, never along a redirect or a
/// page link to another origin; every answer, listing and wait is bounded; what is retried may be repeated: reads, and
/// writes of content under its digest. Of a chunk that broke off the registry is asked how much it has.
///
/// A value: copies share the tokens they fetched, so that clients with different keyrings can be made cheaply. Give
/// copies of one client the same transport; a registry behind another certificate authority wants a client of its own.
public struct RegistryClient: Sendable {
    /// The credentials, by host.
    public var keyring: RegistryKeyring
    /// How single registries are spoken to, by the name that references have: `docker.io`, `127.0.0.1:5000`.
    public var hosts: [String: RegistryHostOptions]
    /// Bounds on answers.
    public var limits: RegistryLimits

    let transport: RetryingTransport
    let cache: TokenCache
    let issuer: TokenIssuer

    /// A client.
    /// - Parameters:
    ///   - random: a number in 0..<1, which spreads retries.
    ///   - userAgent: what registries see in their logs; no secrets.
    public init(
        transport: any HTTPTransport,
        time: TimeSource,
        keyring: RegistryKeyring = RegistryKeyring(),
        hosts: [String: RegistryHostOptions] = [:],
        limits: RegistryLimits = RegistryLimits(),
        retry: HTTPRetry = .read,
        userAgent: String = "modelapp",
        random: @escaping @Sendable () -> Double
    ) {
        self.keyring = keyring
        self.hosts = hosts
        self.limits = limits
        self.transport = RetryingTransport(
            transport: transport,
            time: time,
            retry: retry,
            userAgent: userAgent,
            random: random
        )
        cache = TokenCache(time: time)
        issuer = TokenIssuer(transport: self.transport, cache: cache)
    }

    func endpoint(_ reference: ImageReference) throws(RegistryError) -> RegistryEndpoint {
        try RegistryEndpoint(
            registry: reference.registry,
            options: hosts[reference.registry] ?? RegistryHostOptions()
        )
    }

    /// Runs a call and gives everything it throws the module's type.
    func typed<Value: Sendable>(
        _ subject: String,
        _ body: () async throws -> Value
    ) async throws(RegistryError) -> Value {
        do {
            return try await body()
        } catch {
            throw RegistryError(error, about: subject)
        }
    }
}
