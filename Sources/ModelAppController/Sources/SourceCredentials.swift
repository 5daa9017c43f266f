import ContainerRegistry
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI

/// What a scan needs from the namespace of a ModelApp: keys and trusted roots, with what tells them apart.
struct SourceCredentials: Sendable {
    /// Reads Secrets.
    let secrets: SecretReader
    /// The ModelApp.
    let app: ModelApp

    /// A Secret with its identity, by which scans are shared or kept apart.
    struct Loaded: Sendable {
        var secret: Secret?
        /// Changes with the namespace, the Secret and its contents.
        var identity: String
    }

    /// The Secret that `auth` names, if it names one.
    func secret(_ auth: SourceAuth?, field: String) async throws(ScanFailure) -> Loaded {
        guard let name = auth?.secretRef?.name else { return Loaded(secret: nil, identity: "anonymous") }
        let secret = try await secrets.secret(
            name,
            for: app.key,
            generation: app.metadata.generation,
            field: "\(field).auth.secretRef"
        )
        return Loaded(secret: secret, identity: identity(of: secret))
    }

    /// Which certificates are trusted.
    func trust(_ tls: TLSOptions?, field: String) async throws(ScanFailure) -> (trust: TLSTrust, identity: String) {
        if tls?.skipVerify == true { return (.insecure, "insecure") }
        guard let name = tls?.caSecretRef?.name else { return (.system, "system") }
        let path = "\(field).tls.caSecretRef"
        let secret = try await secrets.secret(name, for: app.key, generation: app.metadata.generation, field: path)
        guard let pem = secret.bytes("ca.crt"), !pem.isEmpty else {
            throw ScanFailure(reason: "InvalidSecret", message: "\(path): Secret \(name) has no ca.crt")
        }
        return (.roots(pem: pem), identity(of: secret))
    }

    /// The keys to the registry: the Secret that `auth` names, else the workload's own pull secrets.
    func keyring() async throws(ScanFailure) -> (keyring: RegistryKeyring, identity: String, secret: String?) {
        if let name = app.spec.code.auth?.secretRef?.name {
            let field = "spec.code.auth.secretRef"
            let secret = try await secrets.secret(name, for: app.key, generation: app.metadata.generation, field: field)
            return (try keyring(of: secret, field: field), identity(of: secret), name)
        }
        var keyring = RegistryKeyring()
        var identities: [String] = []
        let names = app.spec.target.own?.template["spec"]?["imagePullSecrets"]?.array ?? []
        for name in names.compactMap({ $0["name"]?.string }).prefix(16) {
            let field = "spec.target.own.template.spec.imagePullSecrets"
            let secret = try await secrets.secret(name, for: app.key, generation: app.metadata.generation, field: field)
            keyring.append(try self.keyring(of: secret, field: field))
            identities.append(identity(of: secret))
        }
        return (keyring, identities.isEmpty ? "anonymous" : identities.joined(separator: ","), nil)
    }

    private func keyring(of secret: Secret, field: String) throws(ScanFailure) -> RegistryKeyring {
        guard let bytes = secret.bytes(".dockerconfigjson") else {
            throw ScanFailure(
                reason: "InvalidSecret",
                message:
                    "\(field): Secret \(secret.metadata.name) has no .dockerconfigjson; make it with kubectl create "
                    + "secret docker-registry"
            )
        }
        do throws(RegistryError) {
            return try DockerConfig(parsing: bytes).keyring
        } catch {
            throw ScanFailure(
                reason: "InvalidSecret",
                message: "\(field): Secret \(secret.metadata.name): \(error.message)"
            )
        }
    }

    private func identity(of secret: Secret) -> String {
        "\(secret.metadata.namespace)/\(secret.metadata.name)/\(secret.metadata.uid)/\(secret.metadata.resourceVersion)"
    }
}
