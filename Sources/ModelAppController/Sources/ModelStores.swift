import Artifacts
import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ObjectStorage

/// A blob store as a ModelApp names it, with what its scans are shared by.
struct ModelStore: Sendable {
    /// The store.
    var store: any ObjectStore
    /// The folder of the models: empty, or ending at a slash.
    var prefix: String
    /// The address of the folder: `s3://bucket/prefix/`.
    var uri: String
    /// Tells stores with different places, credentials or trust apart.
    var identity: String
    /// The Secret that was read, if one was.
    var secretName: String?

    /// Opens the store that `app` names. Sends nothing.
    static func open(
        _ app: ModelApp,
        secrets: SecretReader,
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> ModelStore {
        let model = app.spec.model
        let credentials = SourceCredentials(secrets: secrets, app: app)
        let loaded = try await credentials.secret(model.auth, field: "spec.model")
        let trust = try await credentials.trust(model.tls, field: "spec.model")
        let endpoints = access.allowedEndpoints + (loaded.secret?.allowedHosts ?? [])
        var opened = try await open(
            model,
            keys: loaded.secret?.texts,
            trust: trust.trust,
            endpoints: endpoints,
            access: access,
            time: time
        )
        opened.identity += " \(loaded.identity) \(trust.identity)"
        opened.secretName = loaded.secret?.metadata.name
        return opened
    }

    /// Opens the store that `model` names with the values of its Secret.
    static func open(
        _ model: ModelSource,
        keys: [String: String]?,
        trust: TLSTrust,
        endpoints: [String],
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> ModelStore {
        let transport: any HTTPTransport
        do {
            transport = try await access.transport(trust)
        } catch {
            throw ScanFailure(reason: "InvalidTrust", message: "spec.model.tls: \(error)")
        }
        let channel = StorageChannel(transport: transport, time: time, jitter: access.random)
        let endpoints = EndpointPolicy(allowed: endpoints)
        do {
            if let azure = model.azureBlob {
                let store = try AzureBlobStore(
                    account: azure.account,
                    container: azure.container,
                    endpoint: try endpoint(azure.endpoint, "spec.model.azureBlob.endpoint"),
                    credential: try keys.map { try AzureBlobCredential(secret: $0) } ?? .anonymous,
                    endpoints: endpoints,
                    channel: channel
                )
                let uri = "\(store.location)/\(azure.prefix)"
                return ModelStore(store: store, prefix: azure.prefix, uri: uri, identity: uri)
            }
            if let s3 = model.s3 {
                let store = try S3Store(
                    bucket: s3.bucket,
                    region: s3.region.isEmpty ? nil : s3.region,
                    endpoint: try endpoint(s3.endpoint, "spec.model.s3.endpoint"),
                    credential: try keys.map { try S3Credential(secret: $0) } ?? .anonymous,
                    endpoints: endpoints,
                    channel: channel
                )
                let uri = "\(store.location)/\(s3.prefix)"
                return ModelStore(
                    store: store,
                    prefix: s3.prefix,
                    uri: uri,
                    identity: "\(s3.region) \(s3.endpoint) \(uri)"
                )
            }
        } catch let failure as ScanFailure {
            throw failure
        } catch let error as ObjectStoreError {
            throw ScanFailure(error)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.model: \(error)")
        }
        throw ScanFailure(reason: "NotSupported", message: "spec.model: no blob store is named", isTerminal: true)
    }

    private static func endpoint(_ text: String, _ field: String) throws(ScanFailure) -> HTTPURL? {
        if text.isEmpty { return nil }
        guard let url = HTTPURL(text), url.query == nil else {
            throw ScanFailure(
                reason: "InvalidSpec",
                message: "\(field): \"\(text.clipped)\" is not a URL such as https://minio:9000",
                isTerminal: true
            )
        }
        return url
    }
}

extension ScanFailure {
    init(_ error: ObjectStoreError) {
        let reasons: [(ObjectStoreError.Code, String)] = [
            (.configuration, "InvalidSource"), (.unauthorized, "Unauthorized"), (.denied, "Denied"),
            (.containerNotFound, "ContainerNotFound"), (.objectNotFound, "ObjectNotFound"),
            (.preconditionFailed, "BytesChanged"), (.throttled, "RateLimited"), (.malformedAnswer, "MalformedAnswer"),
            (.tooLarge, "TooLarge"), (.endpointRefused, "EndpointRefused"), (.cancelled, "Cancelled"),
        ]
        self.init(
            reason: reasons.first { $0.0 == error.code }?.1 ?? "StoreUnavailable",
            message: "spec.model: \(error.message)",
            retryAfter: error.retryAfter,
            isCancelled: error.code == .cancelled,
            isRefusal: error.isAboutCredentials,
            isTransient: error.isTransient
        )
    }
}
