import ArgumentParser
import AsyncHTTPTransport
import ContainerRegistry
import HTTPTransport

/// Which registries a command may use, and how it is known there.
struct RegistryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Credentials for registries. Default: Docker's own config.", valueName: "path"))
    var registryConfig: String?

    @Option(help: ArgumentHelp("A registry that is spoken to without TLS. Repeatable.", valueName: "host[:port]"))
    var plainHTTP: [String] = []

    /// The credentials. Throws naming the file.
    func keyring() throws(CommandError) -> RegistryKeyring { try RegistryKeys.keyring(registryConfig) }

    /// A client that shows `keyring` to the registries that it names, and checks their certificates by `trust`.
    func client(pool: ClientPool, trust: TLSTrust, keyring: RegistryKeyring) throws -> RegistryClient {
        RegistryClient(
            transport: try pool.transport(TransportSettings(trust: trust)),
            time: .system,
            keyring: keyring,
            hosts: Dictionary(
                plainHTTP.map { ($0, RegistryHostOptions(plainHTTP: true)) },
                uniquingKeysWith: { first, _ in first }
            ),
            random: Chance.unit
        )
    }
}
