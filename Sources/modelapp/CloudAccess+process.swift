import ArgumentParser
import AsyncHTTPTransport
import CloudIdentity
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import ModelAppController

extension CloudAccess {
    /// The clouds as this process reaches them, with the identity that its environment gives it.
    static func ofProcess(pool: ClientPool, tenants: Tenants) throws -> CloudAccess {
        // Any address: identities ask the clouds' own hosts and the node's metadata service, whatever a ModelApp says.
        let transport = try pool.transport(TransportSettings(trust: .system))
        let channel = IdentityChannel(transport: transport, time: .system, random: Chance.unit)
        do throws(IdentityError) {
            return try CloudAccess(
                channel: channel,
                environment: ProcessInfo.processInfo.environment,
                tenants: tenants
            ) { path in
                guard let bytes = try FileReader.system.read(path) else {
                    throw IdentityError(.configuration, "there is no file \(path)")
                }
                return bytes
            }
        } catch {
            throw ValidationError(error.message)
        }
    }
}
