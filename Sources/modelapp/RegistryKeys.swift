import Artifacts
import ContainerRegistry
import Glibc
import KubernetesClient

/// Credentials for registries, from a Docker config.
enum RegistryKeys {
    /// The keyring of the config at `path` or, without one, of `$DOCKER_CONFIG` or `~/.docker/config.json` where it is.
    static func keyring(_ path: String?) throws(CommandError) -> RegistryKeyring {
        let folder = value("DOCKER_CONFIG") ?? value("HOME").map { $0 + "/.docker" }
        guard let file = path ?? folder.map({ $0 + "/config.json" }) else { return RegistryKeyring() }
        let bytes: [UInt8]?
        do throws(KubernetesError) {
            bytes = try FileReader.system.read(file)
        } catch {
            throw CommandError(error.message)
        }
        guard let bytes else {
            guard path == nil else { throw CommandError("there is no file \(file)") }
            return RegistryKeyring()
        }
        do throws(RegistryError) {
            return try DockerConfig(parsing: bytes).keyring
        } catch {
            throw CommandError("\(file): \(error.message)")
        }
    }

    private static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
