import Artifacts
import HTTPTransport
import KubernetesAPI
import KubernetesClient

/// Reads Secrets and keeps them: again after a refusal by the source, after an edit of the spec, and after ten minutes.
///
/// A Secret is read by name, never listed or watched: the operator's role can grant single namespaces.
actor SecretReader {
    private struct Entry {
        var secret: Secret?
        var at: ContinuousClock.Instant
        var generation: Int64
    }

    private let client: Client
    private let time: TimeSource
    private var entries: [ObjectKey: Entry] = [:]
    private static let maximumAge = Duration.seconds(600)
    /// How long an absence is believed: a Secret that is created heals its ModelApp soon after.
    private static let absenceAge = Duration.seconds(2)

    init(client: Client, time: TimeSource) {
        self.client = client
        self.time = time
    }

    /// The Secret called `name` beside `app`. Throws `SecretNotFound`, or what the API server said.
    /// - Parameter field: the field that names it, for the message.
    func secret(
        _ name: String,
        for app: ObjectKey,
        generation: Int64,
        field: String
    ) async throws(ScanFailure) -> Secret {
        // A pod template is checked by nobody before it is applied, and a name with a slash is a path to another namespace.
        guard Self.isName(name) else {
            throw ScanFailure(
                reason: "InvalidSpec",
                message: "\(field): \"\(name.clipped)\" cannot be the name of a Secret of namespace \(app.namespace)",
                isTerminal: true
            )
        }
        let key = ObjectKey(namespace: app.namespace, name: name)
        if let entry = entries[key], entry.generation >= generation {
            let age = time.now - entry.at
            if let secret = entry.secret, age < Self.maximumAge { return secret }
            if entry.secret == nil, age < Self.absenceAge { throw Self.missing(key, field) }
        }
        let secret: Secret?
        do throws(KubernetesError) {
            secret = try await client.get(Secret.self, key)
        } catch {
            if error.isForbidden {
                throw ScanFailure(
                    reason: "SecretForbidden",
                    message: "\(field): the operator may not read Secret \(name) in namespace \(key.namespace); "
                        + "bind the Role modelapp-secrets there"
                )
            }
            throw ScanFailure(
                reason: "SecretUnreadable",
                message: "\(field): Secret \(name): \(error.message)",
                isCancelled: error.code == .cancelled
            )
        }
        entries[key] = Entry(secret: secret, at: time.now, generation: generation)
        if entries.count > 20_000 { entries.removeAll() }
        guard let secret else { throw Self.missing(key, field) }
        return secret
    }

    /// Forgets the Secret, so that the next asker reads it again.
    func forget(_ name: String, namespace: String) {
        entries[ObjectKey(namespace: namespace, name: name)] = nil
    }

    /// Whether `name` has only characters of a DNS subdomain, as every name of a Secret.
    private static func isName(_ name: String) -> Bool {
        let isInside = name.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
        }
        return isInside && (1...253).contains(name.utf8.count) && !name.hasPrefix(".") && !name.hasSuffix(".")
    }

    private static func missing(_ key: ObjectKey, _ field: String) -> ScanFailure {
        ScanFailure(
            reason: "SecretNotFound",
            message: "\(field): there is no Secret \(key.name) in namespace \(key.namespace)"
        )
    }
}

extension Secret {
    /// The values as text; values that are not base64 or not UTF-8 are left out.
    var texts: [String: String] {
        data.compactMapValues { value in Base64.decode(value).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// Tells the Secret, and each of its contents, from every other.
    var identity: String { "\(metadata.namespace)/\(metadata.name)/\(metadata.uid)/\(metadata.resourceVersion)" }

    /// A value as bytes.
    func bytes(_ key: String) -> [UInt8]? { data[key].flatMap(Base64.decode) }

    /// The hosts to which the Secret's owner lets its keys be sent.
    var allowedHosts: [String] {
        (metadata.annotations["modelapp.dev/hosts"] ?? "").split { $0 == "," || $0 == " " || $0 == "\n" }.map(
            String.init
        )
    }
}
