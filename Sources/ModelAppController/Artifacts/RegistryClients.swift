import ContainerRegistry
import HTTPTransport
import Synchronization

/// Clients of registries with their tokens, one for each source that scans are shared by.
final class RegistryClients: Sendable {
    private let clients = Mutex<[CodeResolver.SourceKey: RegistryClient]>([:])

    /// The client of a source, made with its credentials where there is none yet.
    /// - Parameter registry: the host of the source's registry.
    func client(
        _ source: CodeResolver.SourceKey,
        _ keyring: RegistryKeyring,
        _ trust: TLSTrust,
        registry: String,
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> RegistryClient {
        if let known = clients.withLock({ $0[source] }) { return known }
        let client = try await access.registryClient(
            registry,
            keyring,
            trust,
            plainHTTP: source.plainHTTP,
            time: time
        )
        clients.withLock { clients in
            // Old credentials leave clients behind; starting over costs a token each.
            if clients.count > 20_000 { clients.removeAll() }
            clients[source] = client
        }
        return client
    }
}

extension SourceAccess {
    /// A client for one registry: the only place that knows how a keyring and its trust make one.
    /// - Parameter field: where the trust stands in the spec, for the message where it cannot be read.
    func registryClient(
        _ registry: String,
        _ keyring: RegistryKeyring,
        _ trust: TLSTrust,
        plainHTTP: Bool,
        time: TimeSource,
        field: String? = nil
    ) async throws(ScanFailure) -> RegistryClient {
        let transport: any HTTPTransport
        do {
            transport = try await self.transport(trust)
        } catch {
            let place = field.map { "\($0).tls.caSecretRef: " } ?? ""
            throw ScanFailure(reason: "InvalidTrust", message: "\(place)\(error)", aspect: .trust)
        }
        let options = RegistryHostOptions(
            plainHTTP: plainHTTP,
            kind: keyring.hasEntraIdentity ? .azure : .automatic,
            trustedHosts: Set(allowedEndpoints)
        )
        return RegistryClient(
            transport: transport,
            time: time,
            keyring: keyring,
            hosts: [registry: options],
            random: random
        )
    }
}
