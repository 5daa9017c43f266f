import Artifacts
import ContainerRegistry
import Glibc
import KubernetesClient

/// Credentials for registries, from a Docker config.
enum RegistryKeys {
    /// The keyring of the config at `path` or, without one, of `$DOCKER_CONFIG` or `~/.docker/config.json` where it is.
    static func keyring(_ path: String?) throws(CommandError) -> RegistryKeyring {
        let text = try config(path)
        do throws(RegistryError) {
            return try DockerConfig(parsing: Array(text.utf8)).keyring
        } catch {
            throw CommandError("\(path ?? usual ?? "config.json"): \(error.message)")
        }
    }

    /// The text of the config that `keyring` reads; that of an empty one where there is none.
    static func config(_ path: String?) throws(CommandError) -> String {
        guard let file = path ?? usual, let text = try text(file) else {
            if let path { throw CommandError("there is no file \(path)") }
            return "{}"
        }
        return text
    }

    /// The text of a config; nil where there is no such file.
    static func text(_ file: String) throws(CommandError) -> String? {
        do throws(KubernetesError) {
            return try FileReader.system.read(file).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw CommandError(error.message)
        }
    }

    private static var usual: String? {
        (value("DOCKER_CONFIG") ?? value("HOME").map { $0 + "/.docker" }).map { $0 + "/config.json" }
    }

    private static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
