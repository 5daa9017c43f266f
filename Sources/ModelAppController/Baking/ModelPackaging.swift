public import Artifacts
public import ContainerRegistry
public import HTTPTransport
public import ImagePackaging
public import ModelAppAPI
import ObjectStorage
import Selection
public import Trust

/// Makes one image of an application and one version of a model: what `modelapp package` and the operator's bakes run.
///
/// Lists the version and recomputes its digest before the first byte is read, as a fetch does. A version whose layer is
/// in the repository already is not even listed, where its digest is given.
public struct ModelPackaging: Sendable {
    /// What is packaged.
    public struct Order: Sendable {
        /// The application's image.
        public var image: ImageReference
        /// The platforms; empty for all that the image has.
        public var platforms: [Platform] = []
        /// The store and the rules, as a ModelApp has them, without credentials.
        public var source: ModelSource
        /// The version's name.
        public var version: String
        /// The digest that the version must have; nil for whatever is there.
        public var digest: String?
        /// What says which files the version has, each with its sha256; nil where the store does. The digest is then that
        /// of the list.
        public var proof: ModelProof?
        /// Whose signature the proof has to have; nil where that was verified before, and `digest` is what came of it.
        public var signers: SignerTrust?
        /// The folder of the model in the container.
        public var mountPath = "/models"
        /// The names of the environment variables that tell the container about its model.
        public var environment = DeliveryEnvironment()

        /// An order with the defaults.
        public init(image: ImageReference, source: ModelSource, version: String, digest: String? = nil) {
            self.image = image
            self.source = source
            self.version = version
            self.digest = digest
        }
    }

    /// What lies in a version, and where its bytes are read.
    private typealias Listed = (contents: VersionContents, reader: any ObjectReader)

    private let access: SourceAccess
    private let time: TimeSource
    private let interval: Duration
    private let hasBar: Bool
    private let report: @Sendable (FetchReport) -> Void

    /// A packaging that reports how far it is, at most once each `interval`.
    /// - Parameter hasBar: whether progress is drawn, for a terminal.
    public init(
        access: SourceAccess,
        time: TimeSource,
        reportingEvery interval: Duration,
        hasBar: Bool = false,
        _ report: @escaping @Sendable (FetchReport) -> Void
    ) {
        self.access = access
        self.time = time
        self.interval = interval
        self.hasBar = hasBar
        self.report = report
    }

    /// Opens the store with the keys of an environment, and packages.
    /// - Parameters:
    ///   - reader: reads the application's image.
    ///   - keys: the values of a Secret, by their names.
    ///   - identity: whose identity opens the store, the one of this process; nil where keys open it, or nothing.
    ///   - trust: which certificates of the store are trusted.
    public func package(
        _ order: Order,
        reader: RegistryClient,
        to target: ImagePackager.Target,
        keys: [String: String],
        identity: CloudProvider?,
        trust: TLSTrust
    ) async throws(PackagingError) -> ImagePackager.Outcome {
        let origin: ModelOrigin
        do throws(ScanFailure) {
            origin = try await ModelOrigin.open(
                order.source,
                opener: try access.opener(identity, keys),
                trust: (trust, "command line"),
                endpoints: access.allowedEndpoints,
                access: access,
                time: time
            )
        } catch {
            throw PackagingError(ModelFetcher.Failure(error))
        }
        return try await package(order, reader: reader, to: target, from: origin)
    }

    /// Packages from a store that is open.
    func package(
        _ order: Order,
        reader: RegistryClient,
        to target: ImagePackager.Target,
        from store: ModelOrigin
    ) async throws(PackagingError) -> ImagePackager.Outcome {
        var listed: Listed?
        // Where a signature is to be verified the list is read in any case, also of a layer that is there.
        if order.digest == nil || order.signers != nil { listed = try await list(order, store) }
        if let listed { try check(listed.contents, order) }
        let description = ModelDescription(
            revision: order.digest ?? listed?.contents.digest ?? "",
            version: order.version,
            source: store.uri(order.version, digest: order.digest ?? listed?.contents.digest ?? "", of: order.source)
        )
        var image = ImagePackager.Order(image: order.image, model: description)
        image.platforms = order.platforms
        image.mountPath = order.mountPath
        image.environment = [
            (order.environment.path, order.mountPath), (order.environment.version, order.version),
            (order.environment.revision, description.revision),
        ]
        let known = listed
        return try await ImagePackager(reader: reader) { say($0, order.version) }.package(image, to: target) {
            () async throws(PackagingError) in
            let found: Listed
            if let known { found = known } else { found = try await list(order, store) }
            try check(found.contents, order)
            return try self.contents(found, order)
        }
    }

    private func check(_ contents: VersionContents, _ order: Order) throws(PackagingError) {
        guard let digest = order.digest, contents.digest != digest else { return }
        throw PackagingError(
            .modelChanged,
            "the store holds \(contents.digest) under \(order.version.clipped), not \(digest)"
        )
    }

    private func list(_ order: Order, _ store: ModelOrigin) async throws(PackagingError) -> Listed {
        let retry = FetchRetry(time: time, random: access.random, report: report)
        do throws(ModelFetcher.Failure) {
            return try await retry.run { () async throws(ModelFetcher.Failure) in
                let found: Listed
                do throws(ScanFailure) {
                    found = try await store.contents(
                        order.version,
                        digest: order.digest,
                        of: order.source,
                        proof: order.proof,
                        judge: order.signers.map { ProvenFiles.Judge(trust: $0, now: time.date()) }
                    )
                } catch {
                    throw ModelFetcher.Failure(error)
                }
                guard found.contents.archives.isEmpty else {
                    throw ModelFetcher.Failure("NotSupported", ModelArtifact.noArchivesInImages)
                }
                if let refusal = found.contents.refusal {
                    throw ModelFetcher.Failure("Unverified", "the version \(order.version.clipped): \(refusal)")
                }
                if case .incomplete(let why) = found.contents.completeness {
                    throw ModelFetcher.Failure("Incomplete", why.sentence)
                }
                return found
            }
        } catch {
            throw PackagingError(error)
        }
    }

    private func contents(
        _ listed: Listed,
        _ order: Order
    ) throws(PackagingError) -> ModelContents {
        do throws(ModelFetcher.Failure) {
            let files = try ModelFile.files(of: listed.contents)
            let progress = FetchProgress(
                version: order.version,
                files: files.count,
                bytes: files.reduce(into: Int64(0)) { $0 += $1.info.size },
                interval: interval,
                act: "packaging",
                hasBar: hasBar,
                at: time.now
            )
            let meter = ProgressMeter(progress, time: time, report: report)
            let reader = ModelReader(listed.reader, time: time, random: access.random) { meter.arrived($0) }
            return ModelContents(
                files: files.map { ModelContents.File(path: $0.path, info: $0.info, checksum: $0.checksum) },
                reader: reader
            )
        } catch {
            throw PackagingError(error)
        }
    }

    private func say(_ event: PackagingEvent, _ version: String) {
        switch event {
        case .application(let digest, let platforms):
            let names = platforms.map(\.description).joined(separator: ", ")
            report(.line("application \(digest), for \(names)"))
        case .reusingLayer(let digest):
            report(.line("the model's layer is there: \(digest); nothing of the model is read"))
        case .writingLayer: break
        case .copying(let digest, let size): report(.line("copying \(digest.short), \(ByteCount(size))"))
        case .restarted: report(.line("the registry lost the upload; it begins anew"))
        case .distrusting: report(.line("the registry lacks what its tags name; all of it is brought again"))
        case .done(let digest): report(.line("complete: \(digest)"))
        }
    }
}

extension PackagingError {
    init(_ failure: ModelFetcher.Failure) {
        let codes: [String: Code] = [
            "ModelBytesGone": .modelChanged, "UnsafeName": .unsafeName, "WrongContent": .wrongContent,
            "Incomplete": .modelChanged, "Unverified": .unverified, "Cancelled": .cancelled,
        ]
        self.init(
            codes[failure.reason] ?? .store,
            failure.description,
            isTransient: failure.isTransient,
            retryAfter: failure.retryAfter,
            cause: failure
        )
    }
}
