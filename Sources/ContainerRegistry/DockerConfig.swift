import Artifacts
import JSON

/// The content of a pull secret of type `kubernetes.io/dockerconfigjson` (`.dockerconfigjson`, Docker's
/// `config.json`). Only `auths` counts: credential helpers are programs of somebody's workstation.
public struct DockerConfig: Sendable {
    /// The credentials by host.
    public var keyring = RegistryKeyring()
    /// The keys of entries that are malformed and left out, clipped, in order. They hold no secret.
    public var ignored: [String] = []

    /// The largest document that is read: the limit of a Secret.
    public static let maximumBytes = 1 << 20

    /// Parses a config. Throws `.credential` where it is not JSON of that shape; a single malformed entry is left out
    /// and listed in `ignored`.
    public init(parsing bytes: [UInt8]) throws(RegistryError) {
        guard bytes.count <= DockerConfig.maximumBytes else {
            throw RegistryError(.credential, "the Docker config is larger than \(DockerConfig.maximumBytes) bytes")
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw RegistryError(.credential, "the Docker config is not JSON (at byte \(error.offset))")
        }
        guard case .object(let members) = document else {
            throw RegistryError(.credential, "the Docker config is not an object with the member auths")
        }
        switch members["auths"] {
        case nil, .null?: return
        case .object(let auths)?:
            for (host, entry) in auths.sorted(by: { $0.key < $1.key }) {
                guard let credential = DockerConfig.credential(entry) else {
                    ignored.append(String(host.prefix(120)))
                    continue
                }
                if case .anonymous = credential { continue }
                if !keyring.add(credential, for: host) { ignored.append(String(host.prefix(120))) }
            }
        default: throw RegistryError(.credential, "the member auths of the Docker config is not an object")
        }
    }

    /// The credential of one entry; nil where it is malformed. A token wins over a password, `auth` over its parts
    /// (docker/cli `configfile`, kubelet `DockerConfigEntry`).
    private static func credential(_ entry: JSONValue) -> RegistryCredential? {
        guard case .object = entry else { return nil }
        for name in ["auth", "username", "password", "identitytoken", "registrytoken"] {
            if let member = entry[name], !member.isNull, member.string == nil { return nil }
        }
        func text(_ name: String) -> String? { entry[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        if let token = text("registrytoken").map(SecretText.init) {
            return token.isHeaderSafe ? .registryToken(token) : nil
        }
        if let token = text("identitytoken") { return .identityToken(SecretText(token)) }
        if let auth = text("auth") {
            guard let bytes = Base64.decodeAnyForm(auth), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            var password = bytes[(colon + 1)...]
            while password.last == 0 { password.removeLast() }  // docker pads the password with zeros
            return .basic(
                username: String(decoding: bytes[..<colon], as: UTF8.self),
                password: SecretText(String(decoding: password, as: UTF8.self))
            )
        }
        guard text("username") != nil || text("password") != nil else { return .anonymous }
        guard let user = text("username"), !user.utf8.contains(UInt8(ascii: ":")) else { return nil }
        return .basic(username: user, password: SecretText(text("password") ?? ""))
    }
}
