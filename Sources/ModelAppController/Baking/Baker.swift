import Artifacts
import ContainerRegistry
import HTTPTransport
import ImagePackaging
import ModelAppAPI
import ReleasePlanning

/// Makes the image of one release, or finds it made.
///
/// The tag of the release is the result: it is never moved, so whoever finds it has only to see that it is signed where it
/// shall be. Cut off anywhere, the next attempt ends with the same digest.
struct Baker: Sendable {
    let access: SourceAccess
    let secrets: SecretReader
    let accounts: ServiceAccountIdentities
    let time: TimeSource

    /// Makes the image that `order` describes, with the credentials of `app`. Returns its digest.
    func bake(_ order: BakeOrder, for app: ModelApp) async throws(ScanFailure) -> Digest {
        let credentials = SourceCredentials(secrets: secrets, accounts: accounts, clouds: access.clouds, app: app)
        do throws(ScanFailure) {
            let image = try reference(order.image, "spec.code.image")
            let repository = try reference(order.repository, "spec.delivery.baked.repository")
            // Before anything is pushed: an image that cannot be signed is of no use.
            let signer = try await credentials.signer()
            let target = try await writer(repository, beside: image, credentials, app)
            let digest: Digest
            if let made = try await made(order, repository, target) {
                digest = made
            } else {
                let store = try await ModelOrigin.open(app, credentials: credentials, access: access, time: time)
                let reader = try await reader(image, credentials, app)
                digest = try await package(order, app, image, repository, reader, target, store)
            }
            if let signer { try await sign(digest, repository, target, signer) }
            return digest
        } catch {
            for names in [credentials.ofBaked, credentials.ofCode, credentials.ofModel] {
                await credentials.forget(names, after: error)
            }
            throw error
        }
    }

    /// The image that an earlier attempt made; it may have been cut off right after.
    private func made(
        _ order: BakeOrder,
        _ repository: ImageReference,
        _ client: RegistryClient
    ) async throws(ScanFailure) -> Digest? {
        do throws(RegistryError) {
            return try await client.resolve(repository, tag: order.tag)
        } catch {
            throw ScanFailure(baking: error)
        }
    }

    private func sign(
        _ digest: Digest,
        _ repository: ImageReference,
        _ client: RegistryClient,
        _ signer: ImageSigner
    ) async throws(ScanFailure) {
        do throws(RegistryError) {
            try await signer.sign(digest, in: repository, client, at: time.date())
        } catch {
            throw ScanFailure(baking: error)
        }
    }

    private func package(
        _ order: BakeOrder,
        _ app: ModelApp,
        _ image: ImageReference,
        _ repository: ImageReference,
        _ reader: RegistryClient,
        _ target: RegistryClient,
        _ store: ModelOrigin
    ) async throws(ScanFailure) -> Digest {
        var package = ModelPackaging.Order(
            image: image,
            source: app.spec.model,
            version: order.model.version,
            digest: order.model.digest
        )
        package.proof = ModelProof(app.spec.verification)
        package.mountPath = order.mountPath
        package.environment = order.environment
        do throws(ArtifactError) {
            package.platforms = try order.platforms.map { text throws(ArtifactError) in try Platform(text) }
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.code.platforms: \(error.message)")
        }
        let previous = order.previous.map { digest in
            var reference = repository
            reference.digest = digest
            return reference
        }
        let packaging = ModelPackaging(access: access, time: time, reportingEvery: .seconds(3600)) { _ in }
        do throws(PackagingError) {
            return try await packaging.package(
                package,
                reader: reader,
                to: .registry(target, repository, tag: order.tag, previous: previous),
                from: store
            ).digest
        } catch {
            throw ScanFailure(error)
        }
    }

    private func reader(
        _ image: ImageReference,
        _ credentials: SourceCredentials,
        _ app: ModelApp
    ) async throws(ScanFailure) -> RegistryClient {
        let isAllowed = access.allows(authority: image.registry)
        let keys = try await credentials.keyring(for: image.registry, isAllowed: isAllowed)
        return try await client(image.registry, keys.keyring, app.spec.code.tls, "spec.code", credentials)
    }

    /// Without options of its own, the registry of the baked image is spoken to as that of the code, where it is the same.
    func writer(
        _ repository: ImageReference,
        beside image: ImageReference,
        _ credentials: SourceCredentials,
        _ app: ModelApp
    ) async throws(ScanFailure) -> RegistryClient {
        let isAllowed = access.allows(authority: repository.registry)
        let keyring = try await credentials.bakedKeyring(for: repository.registry, isAllowed: isAllowed)
        let own = app.spec.delivery.baked?.tls
        let options = own ?? (repository.registry == image.registry ? app.spec.code.tls : nil)
        let field = own == nil ? "spec.code" : "spec.delivery.baked"
        return try await client(repository.registry, keyring, options, field, credentials)
    }

    private func client(
        _ registry: String,
        _ keyring: RegistryKeyring,
        _ options: TLSOptions?,
        _ field: String,
        _ credentials: SourceCredentials
    ) async throws(ScanFailure) -> RegistryClient {
        try await access.registryClient(
            registry,
            keyring,
            try await credentials.trust(options, field: field).trust,
            plainHTTP: options?.plainHTTP ?? false,
            time: time,
            field: field
        )
    }

    func reference(_ text: String, _ field: String) throws(ScanFailure) -> ImageReference {
        do throws(ArtifactError) {
            return try ImageReference(text)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "\(field): \(error.message)")
        }
    }
}

extension ScanFailure {
    /// A failure of the registry that baked images go to.
    init(baking error: RegistryError) {
        self.init(error)
        let isRefusal = error.isRefusal || error.code == .credential
        message = "spec.delivery.baked.\(isRefusal ? "auth" : aspect == .trust ? "tls" : "repository"): \(message)"
        if aspect != .trust { aspect = nil }
        isTransient = error.isTransient || error.code == .uploadLost
    }

    init(_ error: PackagingError) {
        switch (error.code, error.cause) {
        case (.destination, let cause as RegistryError): self.init(baking: cause)
        case (_, let cause as RegistryError):
            self.init(cause)
            message = "spec.code.image: \(message)"
        case (_, let cause as ModelFetcher.Failure):
            self.init(reason: cause.reason, message: "spec.model: \(cause.message)")
        default:
            let reasons: [(PackagingError.Code, String)] = [
                (.modelChanged, "ModelBytesGone"), (.wrongContent, "WrongContent"), (.unverified, "Unverified"),
                (.unsafeName, "UnsafeName"),
                (.unsupportedImage, "UnsupportedImage"), (.platformMissing, "PlatformMissing"), (.tooLarge, "TooLarge"),
                (.store, "StoreUnavailable"), (.cancelled, "Cancelled"),
            ]
            let reason = reasons.first { $0.0 == error.code }?.1 ?? "PackagingFailed"
            self.init(reason: reason, message: error.message, isCancelled: error.code == .cancelled)
        }
        isTransient = error.isTransient
        retryAfter = error.retryAfter
    }
}
