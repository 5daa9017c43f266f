import CloudIdentity
import ContainerRegistry
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI

/// What a scan needs from the namespace of a ModelApp: keys and trusted roots, with what tells them apart.
struct SourceCredentials: Sendable {
    /// Reads Secrets.
    let secrets: SecretReader
    /// Finds identities of ServiceAccounts.
    let accounts: ServiceAccountIdentities
    /// The way to clouds; nil where there is none.
    let clouds: CloudAccess?
    /// The ModelApp.
    let app: ModelApp

    /// What opens a source, with its identity, by which scans are shared or kept apart.
    struct Loaded: Sendable {
        var secret: Secret?
        var opener = SourceOpener.anonymous
        /// Changes with the namespace, the Secret and its contents, or the ServiceAccount and who it stands for.
        var identity = "anonymous"
    }

    /// The Secrets that the code half may use.
    var ofCode: [String] {
        let named =
            [app.spec.code.auth?.secretRef?.name, app.spec.code.tls?.caSecretRef?.name].compactMap { $0 }
            + VerificationSecrets.ofCode(app.spec)
        return app.spec.code.auth?.secretRef == nil ? named + pullSecrets : named
    }

    /// The Secrets that the model half may use.
    var ofModel: [String] {
        [app.spec.model.auth?.secretRef?.name, app.spec.model.tls?.caSecretRef?.name].compactMap { $0 }
            + VerificationSecrets.ofModel(app.spec)
    }

    private var pullSecrets: [String] {
        let names = app.spec.target.own?.template["spec"]?["imagePullSecrets"]?.array ?? []
        return Array(names.compactMap { $0["name"]?.string }.prefix(16))
    }

    /// Forgets Secrets that a failure may be about.
    func forget(_ names: [String], after failure: ScanFailure) async {
        guard failure.concernsSecrets else { return }
        await forget(names)
    }

    /// Forgets Secrets, so that a correction of them counts at the next look.
    func forget(_ names: [String]) async {
        for name in names { await secrets.forget(name, namespace: app.metadata.namespace) }
    }

    /// The Secret called `name` in the ModelApp's namespace.
    func secret(_ name: String, field: String) async throws(ScanFailure) -> Secret {
        try await secrets.secret(name, for: app.key, generation: app.metadata.generation, field: field)
    }

    /// What `auth` names: a Secret, an identity, or nothing.
    func opener(_ auth: SourceAuth?, field: String) async throws(ScanFailure) -> Loaded {
        if let reference = auth?.identity {
            let opener = try await cloudIdentity(reference, field: "\(field).auth.identity")
            return Loaded(opener: opener, identity: opener.identity)
        }
        guard let name = auth?.secretRef?.name else { return Loaded() }
        let secret = try await self.secret(name, field: "\(field).auth.secretRef")
        let opener = SourceOpener.values(
            secret.texts,
            certificate: secret.bytes("AZURE_CLIENT_CERTIFICATE"),
            name: secret.identity
        )
        return Loaded(secret: secret, opener: opener, identity: secret.identity)
    }

    /// An identity of a cloud: that of a ServiceAccount of this namespace, or the operator's own where an administrator
    /// lets this namespace use it. Without that, a tenant could read with the operator's rights (confused deputy).
    private func cloudIdentity(_ reference: IdentityRef, field: String) async throws(ScanFailure) -> SourceOpener {
        guard let clouds else {
            throw ScanFailure(reason: "IdentityForbidden", message: "\(field): this process has no way to clouds")
        }
        if let name = reference.serviceAccountName, !name.isEmpty {
            return try await accounts.identity(
                name,
                provider: reference.provider,
                for: app.key,
                tenant: clouds.tenant,
                field: "\(field).serviceAccountName"
            )
        }
        guard clouds.allows(app.metadata.namespace) else {
            throw ScanFailure(
                reason: "IdentityForbidden",
                message:
                    "\(field): namespace \(app.metadata.namespace) may not use the operator's own identity; name a "
                    + "ServiceAccount in serviceAccountName, or start the operator with --allow-operator-identity "
                    + app.metadata.namespace
            )
        }
        do throws(IdentityError) {
            return try clouds.own(reference.provider)
        } catch {
            throw ScanFailure(error, field)
        }
    }

    /// Which certificates are trusted.
    func trust(_ tls: TLSOptions?, field: String) async throws(ScanFailure) -> (trust: TLSTrust, identity: String) {
        if tls?.skipVerify == true { return (.insecure, "insecure") }
        guard let name = tls?.caSecretRef?.name else { return (.system, "system") }
        let path = "\(field).tls.caSecretRef"
        let secret = try await self.secret(name, field: path)
        guard let pem = secret.bytes("ca.crt"), !pem.isEmpty else {
            throw ScanFailure(reason: "InvalidSecret", message: "\(path): Secret \(name) has no ca.crt")
        }
        return (.roots(pem: pem), secret.identity)
    }

    /// The keys to the registry: what `auth` names, else the workload's own pull secrets.
    /// - Parameters:
    ///   - registry: the host of the registry.
    ///   - isAllowed: whether the host may see identities although it is none of a cloud's own.
    func keyring(
        for registry: String,
        isAllowed: Bool
    ) async throws(ScanFailure) -> (keyring: RegistryKeyring, identity: String) {
        if let auth = app.spec.code.auth, auth.secretRef != nil || auth.identity != nil {
            let loaded = try await opener(auth, field: "spec.code")
            let field = auth.identity == nil ? "spec.code.auth.secretRef" : "spec.code.auth.identity"
            let keys = CloudKeyring(clouds: clouds, registry: registry, isAllowed: isAllowed, field: field)
            if let keyring = try keys.keyring(loaded.opener) {
                return (keyring, loaded.identity)
            }
            guard let secret = loaded.secret else { return (RegistryKeyring(), loaded.identity) }
            return (try keyring(of: secret, field: field), loaded.identity)
        }
        var keyring = RegistryKeyring()
        var identities: [String] = []
        for (index, name) in pullSecrets.enumerated() {
            let field = "spec.target.own.template.spec.imagePullSecrets[\(index)]"
            let secret = try await self.secret(name, field: field)
            keyring.append(try self.keyring(of: secret, field: field))
            identities.append(secret.identity)
        }
        return (keyring, identities.isEmpty ? "anonymous" : identities.joined(separator: ","))
    }

    func keyring(of secret: Secret, field: String) throws(ScanFailure) -> RegistryKeyring {
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
}
