public import Artifacts

/// The credentials of one consumer: which to use for which image, in which order.
///
/// The order and the matching are the kubelet's, so that an image which a pod may pull can be resolved too
/// (kubernetes `pkg/credentialprovider/keyring.go`).
public struct RegistryKeyring: Sendable, Hashable {
    private var entries: [HostPattern: [RegistryCredential]] = [:]

    /// A keyring without credentials: everything is read anonymously.
    public init() {}

    /// A keyring with one credential; nil where `pattern` is not a host.
    public init?(_ credential: RegistryCredential, for pattern: String) {
        guard add(credential, for: pattern) else { return nil }
    }

    /// Adds a credential behind those that have the same pattern already.
    /// - Parameter pattern: `[scheme://]host[:port][/path]`; labels of the host may hold `*`, `?` and `[a-z]`.
    /// - Returns: false, with nothing added, where the pattern is malformed.
    @discardableResult
    public mutating func add(_ credential: RegistryCredential, for pattern: String) -> Bool {
        guard let pattern = HostPattern(pattern) else { return false }
        if entries[pattern]?.contains(credential) != true { entries[pattern, default: []].append(credential) }
        return true
    }

    /// Adds the credentials of `other` behind those that are here, as with several pull secrets of a pod.
    public mutating func append(_ other: RegistryKeyring) {
        for (pattern, credentials) in other.entries {
            for credential in credentials where entries[pattern]?.contains(credential) != true {
                entries[pattern, default: []].append(credential)
            }
        }
    }

    /// Whether a registry is shown an Entra ID identity, so that it must speak as Azure's do.
    public var hasEntraIdentity: Bool {
        entries.values.contains { credentials in
            credentials.contains { if case .entra = $0 { true } else { false } }
        }
    }

    /// Whether there are no credentials.
    public var isEmpty: Bool { entries.isEmpty }

    /// The credentials to try for an image, the best match first; empty where none matches.
    public func credentials(for reference: ImageReference) -> [RegistryCredential] {
        let matching = entries.keys
            .filter { $0.matches(registry: reference.registry, repository: reference.repository) }
            .sorted(by: >)
        var found: [RegistryCredential] = []
        for pattern in matching {
            for credential in entries[pattern] ?? [] where !found.contains(credential) { found.append(credential) }
        }
        // Docker Hub's credentials are filed under its old name (kubelet: isDefaultRegistryMatch).
        if found.isEmpty, reference.registry == "docker.io", let pattern = HostPattern("index.docker.io") {
            found = entries[pattern] ?? []
        }
        return found
    }
}
