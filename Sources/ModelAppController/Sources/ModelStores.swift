import Artifacts
import CloudIdentity
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
    /// Scheme, host and port that requests go to, as far as the spec says.
    var host: String
    /// What time it is there.
    var clock: SourceClock
    /// Tells credentials apart.
    var credential = "anonymous"

    /// Opens the store that `app` names. Sends nothing.
    static func open(
        _ app: ModelApp,
        credentials: SourceCredentials,
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> ModelStore {
        let model = app.spec.model
        let loaded = try await credentials.opener(model.auth, field: "spec.model")
        let trust = try await credentials.trust(model.tls, field: "spec.model")
        let endpoints = access.allowedEndpoints + (loaded.secret?.allowedHosts ?? [])
        var opened = try await open(
            model,
            opener: loaded.opener,
            trust: trust.trust,
            endpoints: endpoints,
            access: access,
            time: time
        )
        opened.identity += " \(loaded.identity) \(trust.identity)"
        opened.credential = loaded.identity
        return opened
    }

    /// Opens the store that `model` names.
    static func open(
        _ model: ModelSource,
        opener: SourceOpener,
        trust: TLSTrust,
        endpoints: [String],
        access: SourceAccess,
        time: TimeSource
    ) async throws(ScanFailure) -> ModelStore {
        let transport: any HTTPTransport
        do {
            transport = try await access.transport(trust)
        } catch {
            throw ScanFailure(reason: "InvalidTrust", message: "\(error)", aspect: .trust)
        }
        let clock = SourceClock(transport, time: time)
        let channel = StorageChannel(transport: clock, time: time, jitter: access.random)
        let endpoints = EndpointPolicy(allowed: endpoints)
        do {
            if let azure = model.azureBlob {
                let store = try AzureBlobStore(
                    account: azure.account,
                    container: azure.container,
                    endpoint: try endpoint(azure.endpoint, "spec.model.azureBlob.endpoint"),
                    credential: try azureCredential(opener, endpoint: azure.endpoint, clouds: access.clouds),
                    endpoints: endpoints,
                    channel: channel
                )
                let uri = "\(store.location)/\(azure.prefix)"
                return ModelStore(
                    store: store,
                    prefix: azure.prefix,
                    uri: uri,
                    identity: uri,
                    host: host(of: azure.endpoint, else: "\(azure.account).blob.core.windows.net"),
                    clock: clock
                )
            }
            if let s3 = model.s3 {
                let store = try S3Store(
                    bucket: s3.bucket,
                    region: s3.region.isEmpty ? nil : s3.region,
                    endpoint: try endpoint(s3.endpoint, "spec.model.s3.endpoint"),
                    credential: try s3Credential(opener, region: s3.region, clouds: access.clouds),
                    endpoints: endpoints,
                    channel: channel
                )
                let uri = "\(store.location)/\(s3.prefix)"
                return ModelStore(
                    store: store,
                    prefix: s3.prefix,
                    uri: uri,
                    identity: "\(s3.region) \(s3.endpoint) \(uri)",
                    host: host(of: s3.endpoint, else: "\(s3.bucket).s3.\(s3.region).amazonaws.com"),
                    clock: clock
                )
            }
        } catch let failure as ScanFailure {
            throw failure
        } catch let error as ObjectStoreError {
            throw ScanFailure(error)
        } catch {
            throw ScanFailure(reason: "InvalidSource", message: "\(error)", aspect: .place)
        }
        throw ScanFailure(reason: "NotSupported", message: "spec.model: no blob store is named", isTerminal: true)
    }

    /// A credential of a Secret's values; what is wrong with them is a matter of the Secret.
    private static func parsed<Credential>(_ make: () throws -> Credential) throws(ScanFailure) -> Credential {
        do {
            return try make()
        } catch {
            throw ScanFailure(reason: "InvalidSecret", message: "\(error)", aspect: .credentials)
        }
    }

    private static func host(of endpoint: String, else usual: String) -> String {
        guard let url = HTTPURL(endpoint) else { return "https://\(usual)" }
        return url.origin
    }

    private static func azureCredential(
        _ opener: SourceOpener,
        endpoint: String,
        clouds: CloudAccess?
    ) throws -> AzureBlobCredential {
        let identity: AzureIdentity
        switch opener {
        case .anonymous: return .anonymous
        case .azure(let known): identity = known
        case .aws: throw mismatch("AWS", "Azure Blob Storage")
        case .values(let values, let certificate, let name):
            let hasKey = values.keys.contains { $0.hasPrefix("AZURE_STORAGE_") }
            guard !hasKey, AzureIdentity.isDescribed(by: values) else {
                return try parsed { try AzureBlobCredential(secret: values) }
            }
            do throws(IdentityError) {
                identity = try AzureIdentity(values: values, certificate: certificate, name: name)
            } catch {
                throw ScanFailure(error, "spec.model.auth.secretRef")
            }
        }
        guard let clouds else { throw noClouds }
        let cloud = HTTPURL(endpoint).flatMap { AzureCloud(host: $0.host) } ?? .global
        return .bearer { refused in
            try await clouds.entra.token(for: .storage, as: identity, in: cloud, refused: refused)
        }
    }

    private static func s3Credential(
        _ opener: SourceOpener,
        region: String,
        clouds: CloudAccess?
    ) throws -> S3Credential {
        switch opener {
        case .anonymous: return .anonymous
        case .values(let values, _, _): return try parsed { try S3Credential(secret: values) }
        case .azure: throw mismatch("Azure", "S3")
        case .aws(let identity):
            guard let clouds else { throw noClouds }
            let region = region.isEmpty ? clouds.region : region
            return .provider { refused in try await clouds.keys.key(as: identity, region: region, refused: refused) }
        }
    }

    private static func mismatch(_ provider: String, _ store: String) -> ScanFailure {
        ScanFailure(
            reason: "InvalidSpec",
            message: "spec.model.auth.identity.provider: an identity of \(provider) does not open \(store)",
            isTerminal: true
        )
    }

    private static let noClouds = ScanFailure(
        reason: "IdentityForbidden",
        message: "spec.model.auth: this process has no way to clouds"
    )

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
            (.containerNotFound, "StoreNotFound"), (.objectNotFound, "ObjectNotFound"),
            (.preconditionFailed, "BytesChanged"), (.throttled, "RateLimited"), (.malformedAnswer, "MalformedAnswer"),
            (.tooLarge, "TooLarge"), (.endpointRefused, "EndpointRefused"), (.cancelled, "Cancelled"),
        ]
        let isTrust = error.aspect == .trust
        self.init(
            reason: reasons.first { $0.0 == error.code }?.1 ?? (isTrust ? "Untrusted" : "StoreUnavailable"),
            message: isTrust ? error.message + Self.trustAdvice : error.message,
            aspect: error.isAboutCredentials ? .credentials : error.aspect,
            retryAfter: error.retryAfter,
            isCancelled: error.code == .cancelled,
            isRefusal: error.isAboutCredentials,
            isTransient: error.isTransient,
            reach: error.code == .throttled ? .credential : Self.reach(of: error.underlying)
        )
    }

    static let trustAdvice =
        "; name a Secret with its ca.crt where a certificate authority of its own signs for the host"

    /// A host that takes no connection, or a connection and nothing more, is in trouble as a whole.
    static func reach(of cause: (any Error)?) -> Reach {
        guard let cause = cause as? HTTPTransportError else { return .subject }
        return cause.code == .connect || cause.code == .timeout ? .host : .subject
    }
}

extension ObjectStoreError {
    /// Which part of the spec the error is about.
    fileprivate var aspect: ScanFailure.Aspect {
        if let cause = underlying as? HTTPTransportError, cause.code == .tls { return .trust }
        switch code {
        case .transport, .unavailable, .throttled, .malformedAnswer, .endpointRefused: return .endpoint
        default: return .place
        }
    }
}
