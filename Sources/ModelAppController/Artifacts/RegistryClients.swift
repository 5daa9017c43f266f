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
        let client = try await Self.make(source, keyring, trust, registry: registry, access: access, time: time)
        clients.withLock { clients in
            // Old credentials leave clients behind; starting over costs a token each.
            if clients.count > 20_000 { clients.removeAll() }
            clients[source] = client
        }
        return client
    }

    private static func make(
        _ source: CodeResolver.SourceKey,
        _ keyring: RegistryKeyring,
        _ trust: TLSTrust,
        registry: String,
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> RegistryClient {
        let transport: any HTTPTransport
        do {
            transport = try await access.transport(trust)
        } catch {
            throw ScanFailure(reason: "InvalidTrust", message: "\(error)", aspect: .trust)
        }
        let options = RegistryHostOptions(
            plainHTTP: source.plainHTTP,
            kind: keyring.hasEntraIdentity ? .azure : .automatic,
            trustedHosts: Set(access.allowedEndpoints)
        )
        return RegistryClient(
            transport: transport,
            time: time,
            keyring: keyring,
            hosts: [registry: options],
            random: access.random
        )
    }
}
