import Artifacts
import ContainerRegistry
import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// Where a ModelApp's models come from, opened.
enum ModelOrigin: Sendable {
    /// Folders in a blob store.
    case store(ModelStore)
    /// Artifacts in a registry.
    case artifacts(ArtifactRepository)
    /// A model of an MLflow registry.
    case registered(RegisteredModel)

    /// Opens what `app` names. Sends nothing.
    /// - Parameter clients: the registry clients that are kept, with their tokens.
    static func open(
        _ app: ModelApp,
        credentials: SourceCredentials,
        access: SourceAccess,
        time: TimeSource,
        clients: RegistryClients = RegistryClients()
    ) async throws(ScanFailure) -> ModelOrigin {
        guard app.spec.model.oci != nil || app.spec.model.mlflow != nil else {
            return .store(try await ModelStore.open(app, credentials: credentials, access: access, time: time))
        }
        let loaded = try await credentials.opener(app.spec.model.auth, field: "spec.model")
        let trust = try await credentials.trust(app.spec.model.tls, field: "spec.model")
        return try await open(
            app.spec.model,
            opener: loaded.opener,
            trust: trust,
            endpoints: access.allowedEndpoints + (loaded.secret?.allowedHosts ?? []),
            access: access,
            time: time,
            clients: clients
        )
    }

    /// Opens what `model` names.
    /// - Parameter trust: which certificates are trusted, and what tells that apart.
    static func open(
        _ model: ModelSource,
        opener: SourceOpener,
        trust: (trust: TLSTrust, identity: String),
        endpoints: [String],
        access: SourceAccess,
        time: TimeSource,
        clients: RegistryClients = RegistryClients()
    ) async throws(ScanFailure) -> ModelOrigin {
        if let mlflow = model.mlflow {
            return .registered(
                try await RegisteredModel.open(
                    mlflow,
                    opener: opener,
                    trust: trust,
                    endpoints: endpoints,
                    access: access,
                    time: time
                )
            )
        }
        guard let oci = model.oci else {
            return .store(
                try await ModelStore.open(
                    model,
                    opener: opener,
                    trust: trust.trust,
                    endpoints: endpoints,
                    access: access,
                    time: time
                )
            )
        }
        let repository: ImageReference
        do throws(ArtifactError) {
            repository = try ImageReference(oci.repository)
        } catch {
            let message = "spec.model.oci.repository: \(error.message)"
            throw ScanFailure(reason: "InvalidSpec", message: message, isTerminal: true)
        }
        let source = CodeResolver.SourceKey(
            repository: repository.name,
            credential: opener.identity,
            trust: trust.identity,
            plainHTTP: model.tls?.plainHTTP ?? false
        )
        var allowed = access
        allowed.allowedEndpoints = endpoints
        let isAllowed = allowed.allows(authority: repository.registry)
        let client = try await clients.client(
            source,
            try opener.keyring(for: repository.registry, isAllowed: isAllowed, clouds: access.clouds),
            trust.trust,
            registry: repository.registry,
            access: access,
            time: time
        )
        return .artifacts(
            ArtifactRepository(
                client: client,
                repository: repository,
                source: source,
                host: "\(source.plainHTTP ? "http" : "https")://\(repository.registry)"
            )
        )
    }

    /// What lies in a version now, and where its bytes are read.
    /// - Parameters:
    ///   - digest: the digest that it had, by which an artifact is found whatever has become of its tag.
    ///   - judge: who has to have signed the proof; nil where that was verified by somebody else.
    func contents(
        _ version: String,
        digest: String?,
        of model: ModelSource,
        proof: ModelProof? = nil,
        judge: ProvenFiles.Judge? = nil
    ) async throws(ScanFailure) -> (contents: VersionContents, reader: any ObjectReader) {
        var spec = ModelAppSpec()
        spec.model = model
        spec.verification = proof?.verification
        let rules: ObjectSetRules
        do throws(FieldProblem) {
            rules = try SelectionSpec.objectRules(spec)
        } catch {
            throw ScanFailure(reason: "InvalidSource", message: "\(error)")
        }
        switch self {
        case .store(let store):
            let prefix = store.prefix + (model.objects.isEmpty ? Self.folder(version) : "")
            let contents = try await VersionContents.read(
                store.store,
                prefix: prefix,
                rules: rules,
                proof: proof,
                judge: judge
            )
            return (contents, store.store)
        case .artifacts(let artifacts):
            return (try await artifacts.contents(version, digest: digest, rules: rules), artifacts.blobs)
        case .registered(let registered):
            guard let found = try await registered.version(version) else {
                let message = "\(registered.uri(version)): there is no such version any more"
                throw ScanFailure(reason: "ModelBytesGone", message: message)
            }
            return try await registered.contents(of: found, rules: rules, proof: proof, judge: judge)
        }
    }

    /// The address of a version, for people and for a container that reads it itself.
    func uri(_ version: String, digest: String, of model: ModelSource) -> String {
        switch self {
        case .store(let store): model.objects.isEmpty ? store.uri + Self.folder(version) : store.uri
        case .artifacts(let artifacts): artifacts.uri(digest)
        case .registered(let registered): registered.uri(version)
        }
    }

    private static func folder(_ version: String) -> String { version.hasSuffix("/") ? version : version + "/" }
}

extension SourceOpener {
    /// The keys to a registry of models: an identity of a cloud, or a Docker config.
    fileprivate func keyring(
        for registry: String,
        isAllowed: Bool,
        clouds: CloudAccess?
    ) throws(ScanFailure) -> RegistryKeyring {
        let field = if case .values = self { "spec.model.auth.secretRef" } else { "spec.model.auth.identity" }
        let keys = CloudKeyring(clouds: clouds, registry: registry, isAllowed: isAllowed, field: field)
        if let keyring = try keys.keyring(self) { return keyring }
        guard case .values(let values, _, _) = self else { return RegistryKeyring() }
        guard let config = values[".dockerconfigjson"] else {
            let message =
                "\(field): the Secret has neither .dockerconfigjson nor an identity of a cloud; make it with kubectl "
                + "create secret docker-registry"
            throw ScanFailure(reason: "InvalidSecret", message: message)
        }
        do throws(RegistryError) {
            return try DockerConfig(parsing: Array(config.utf8)).keyring
        } catch {
            throw ScanFailure(reason: "InvalidSecret", message: "\(field): \(error.message)")
        }
    }
}
