import Artifacts
import HTTPTransport
import ModelAppAPI
import ObjectStorage
import Selection

/// A model of an MLflow registry, opened.
struct RegisteredModel: Sendable {
    let server: MLflowServer
    /// The name of the model.
    let model: String
    /// The alias whose version is taken.
    let alias: String
    /// Tells servers, models, credentials and trust apart.
    let identity: String
    /// Tells credentials apart.
    let credential: String
    /// Scheme, host and port that requests go to.
    let host: String
    /// What time it is there.
    let clock: SourceClock
    /// Opens a blob store that a version lies in, outside of the server.
    private let open: @Sendable (ModelSource) async throws(ScanFailure) -> ModelStore

    /// Opens what `model` names. Sends nothing.
    static func open(
        _ source: MLflowSource,
        opener: SourceOpener,
        trust: (trust: TLSTrust, identity: String),
        endpoints: [String],
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> RegisteredModel {
        guard let url = HTTPURL(source.url), url.query == nil else {
            throw ScanFailure(
                reason: "InvalidSpec",
                message: "spec.model.mlflow.url: \"\(source.url.clipped)\" is not a URL such as https://mlflow:5000",
                isTerminal: true
            )
        }
        let transport: any HTTPTransport
        do {
            transport = try await access.transport(trust.trust)
        } catch {
            throw ScanFailure(reason: "InvalidTrust", message: "\(error)", aspect: .trust)
        }
        let values: [String: String] = if case .values(let values, _, _) = opener { values } else { [:] }
        let clock = SourceClock(transport, time: time)
        let server: MLflowServer
        do throws(ObjectStoreError) {
            server = try MLflowServer(
                url: url,
                credential: try MLflowCredential(secret: values),
                endpoints: EndpointPolicy(allowed: endpoints),
                channel: StorageChannel(transport: clock, time: time, jitter: access.random)
            )
        } catch {
            guard error.code == .configuration else { throw ScanFailure(error) }
            throw ScanFailure(reason: "InvalidSecret", message: error.message, aspect: .credentials)
        }
        return RegisteredModel(
            server: server,
            model: source.model,
            alias: source.alias,
            identity: "\(url.description) \(source.model) \(opener.identity) \(trust.identity)",
            credential: opener.identity,
            host: url.origin,
            clock: clock
        ) { (store: ModelSource) async throws(ScanFailure) -> ModelStore in
            var store = store
            store.s3?.region = values["AWS_DEFAULT_REGION"] ?? values["AWS_REGION"] ?? ""
            // An endpoint in the Secret is its owner's word, and so is where its keys may go.
            let endpoint = store.s3 == nil ? "" : values["MLFLOW_S3_ENDPOINT_URL"] ?? ""
            store.s3?.endpoint = endpoint
            return try await ModelStore.open(
                store,
                opener: opener.opens(store) ? opener : .anonymous,
                trust: endpoint.isEmpty ? .system : trust.trust,
                endpoints: endpoints + [HTTPURL(endpoint)?.host].compactMap { $0 },
                access: access,
                time: time
            )
        }
    }

    /// The address of a version, as MLflow's own clients take it.
    func uri(_ version: String) -> String { "models:/\(model)/\(version)" }

    /// The version that is wanted: that of the alias, or the one with a number. Nil where there is none.
    func version(_ number: String?) async throws(ScanFailure) -> MLflowModelVersion? {
        do throws(ObjectStoreError) {
            if let number { return try await server.version(number, of: model) }
            return try await server.version(of: model, alias: alias)
        } catch {
            throw ScanFailure(error)
        }
    }

    /// The store that holds the files of a version, and the folder there.
    func files(of version: MLflowModelVersion) async throws(ScanFailure) -> (store: any ObjectStore, prefix: String) {
        var source = ModelSource()
        do throws(ObjectStoreError) {
            switch try await server.place(of: version) {
            case .server(let path):
                return (try await MLflowArtifacts(server, path: path, version: version), "")
            case .s3(let bucket, let prefix):
                source.s3 = S3Source()
                source.s3?.bucket = bucket
                source.s3?.prefix = prefix
            case .azureBlob(let account, let container, let prefix):
                source.azureBlob = AzureBlobSource()
                source.azureBlob?.account = account
                source.azureBlob?.container = container
                source.azureBlob?.prefix = prefix
            }
        } catch {
            throw ScanFailure(error)
        }
        let store = try await open(source)
        return (store.store, store.prefix)
    }

    /// What lies in a version.
    func contents(
        of version: MLflowModelVersion,
        rules: ObjectSetRules,
        proof: ModelProof?,
        judge: ProvenFiles.Judge? = nil
    ) async throws(ScanFailure) -> (contents: VersionContents, reader: any ObjectReader) {
        let (store, prefix) = try await files(of: version)
        var contents = try await VersionContents.read(store, prefix: prefix, rules: rules, proof: proof, judge: judge)
        guard !contents.files.isEmpty else {
            throw ScanFailure(
                reason: "ObjectNotFound",
                message:
                    "\(uri(version.version)): there are no files of the model, or includeFiles and excludeFiles leave none",
                aspect: .place
            )
        }
        if store is MLflowArtifacts, contents.identity == "ETags" { contents.identity = "Version" }
        return (contents, store)
    }
}

extension SourceOpener {
    /// Whether the keys are such as open a blob store: those to the server of the registry are none.
    fileprivate func opens(_ source: ModelSource) -> Bool {
        guard case .values(let values, _, _) = self else { return false }
        return values.keys.contains { $0.hasPrefix(source.s3 == nil ? "AZURE_" : "AWS_ACCESS_KEY_ID") }
    }
}
