public import Artifacts
public import ContainerRegistry

/// What a packager says while it works.
public enum PackagingEvent: Sendable, Hashable {
    /// The application's image was read.
    case application(Digest, [Platform])
    /// The model's layer is there already: nobody reads the model.
    case reusingLayer(Digest)
    /// The model's layer is being written.
    case writingLayer(files: Int, bytes: Int64)
    /// A blob of the application's image is copied from another registry.
    case copying(Digest, Int64)
    /// The registry lost what it had of an upload: it begins anew.
    case restarted
    /// The registry lacks content that it said it has: all of it is brought again.
    case distrusting
    /// The image is there.
    case done(Digest)
}

/// Makes one image of an application's image and a model, in the registry and without a daemon.
///
/// The model becomes one more layer. Its bytes go from the store through a tar archive and a digest into the upload, in
/// constant memory. Layers of the application are taken over inside a registry and copied from another one. The same pair
/// gives the same digest on any machine; a tag appears once everything that it names is there.
public struct ImagePackager: Sendable {
    /// What is packaged.
    public struct Order: Sendable {
        /// The application's image, by tag or digest.
        public var image: ImageReference
        /// The platforms; empty for all that the image has. One platform gives a manifest, several an index.
        public var platforms: [Platform] = []
        /// The model.
        public var model: ModelDescription
        /// The folder of the model in the container.
        public var mountPath = "/models"
        /// Environment variables that the image sets, in order.
        public var environment: [(name: String, value: String)] = []

        /// An order with the defaults.
        public init(image: ImageReference, model: ModelDescription) {
            self.image = image
            self.model = model
        }
    }

    /// Where the image goes.
    public enum Target: Sendable {
        /// A repository, under a tag. `previous` is an image there that is likely to have the same layers.
        case registry(RegistryClient, ImageReference, tag: String, previous: ImageReference?)
        /// An OCI image layout in a folder, under a name.
        case layout(folder: String, name: String)
    }

    /// What was made.
    public struct Outcome: Sendable, Hashable {
        /// The digest of the image: of an index, where there are several platforms.
        public var digest: Digest
        /// What it runs on.
        public var platforms: [Platform]
        /// The layer that holds the model.
        public var layer: Digest
        /// How many bytes of the model were read and written: none where the layer was there.
        public var modelBytes: Int64
    }

    private let reader: RegistryClient
    private let report: @Sendable (PackagingEvent) -> Void

    /// A packager.
    /// - Parameter reader: reads the application's image.
    public init(reader: RegistryClient, report: @escaping @Sendable (PackagingEvent) -> Void = { _ in }) {
        self.reader = reader
        self.report = report
    }

    /// Makes the image.
    /// - Parameter contents: lists the model's files; asked only where the layer is not there.
    public func package(
        _ order: Order,
        to target: Target,
        contents: () async throws(PackagingError) -> ModelContents
    ) async throws(PackagingError) -> Outcome {
        do throws(PackagingError) {
            return try await attempt(order, to: target, trusting: true, contents)
        } catch {
            // Tags and manifests outlived what they name, as after a restored backup.
            let code = (error.cause as? RegistryError)?.registryCode
            guard error.code == .destination, code == "MANIFEST_BLOB_UNKNOWN" || code == "BLOB_UNKNOWN" else {
                throw error
            }
            report(.distrusting)
            return try await attempt(order, to: target, trusting: false, contents)
        }
    }

    private func attempt(
        _ order: Order,
        to target: Target,
        trusting: Bool,
        _ contents: () async throws(PackagingError) -> ModelContents
    ) async throws(PackagingError) -> Outcome {
        let name = try ModelLayerName(revision: order.model.revision, mountPath: order.mountPath)
        let (destination, tag) = try destination(target, trusting: trusting)
        let application = try await ApplicationImage.read(order.image, platforms: order.platforms, by: reader)
        report(.application(application.digest, application.builds.map(\.platform)))
        let (layer, written) = try await layer(name, order, destination, trusting: trusting, contents)
        let assembly = ImageAssembly(
            application: application,
            model: order.model,
            layer: layer,
            environment: order.environment
        )
        var manifests: [(platform: Platform, document: ImageAssembly.Document)] = []
        for build in application.builds {
            let configuration = try assembly.configuration(build)
            let manifest = try assembly.manifest(build, configuration: configuration.descriptor)
            for blob in build.manifest.layers { try await destination.take(blob, of: application.repository) }
            try await destination.store(configuration)
            manifests.append((build.platform, manifest))
        }
        let digest: Digest
        if manifests.count == 1, let only = manifests.first?.document {
            try await destination.publish(only, name: tag)
            digest = only.descriptor.digest
        } else {
            for manifest in manifests { try await destination.publish(manifest.document, name: nil) }
            let index = try assembly.index(manifests.map { ($0.platform, $0.document.descriptor) })
            try await destination.publish(index, name: tag)
            digest = index.descriptor.digest
        }
        report(.done(digest))
        return Outcome(
            digest: digest,
            platforms: manifests.map(\.platform),
            layer: layer.digest,
            modelBytes: written
        )
    }

    private func destination(
        _ target: Target,
        trusting: Bool
    ) throws(PackagingError) -> (any ImageDestination, String) {
        switch target {
        case .registry(let client, let repository, let tag, let previous):
            let destination = RegistryDestination(
                client,
                repository,
                reader: reader,
                previous: trusting ? previous : nil,
                report: report
            )
            return (destination, tag)
        case .layout(let folder, let name): return (try LayoutDestination(folder, reader: reader), name)
        }
    }

    private func layer(
        _ name: ModelLayerName,
        _ order: Order,
        _ destination: any ImageDestination,
        trusting: Bool,
        _ contents: () async throws(PackagingError) -> ModelContents
    ) async throws(PackagingError) -> (Descriptor, written: Int64) {
        if trusting, let known = try await destination.layer(name) {
            report(.reusingLayer(known.digest))
            return (known, 0)
        }
        let contents = try await contents()
        let tar = try TarLayer(contents.files, mountPath: order.mountPath)
        report(.writingLayer(files: contents.files.count, bytes: tar.contentSize))
        let digest = try await destination.write(size: tar.size) { sink in
            try await tar.write(contents.reader, to: sink)
        }
        let layer = Descriptor(mediaType: .ociLayer, digest: digest, size: tar.size)
        try await destination.keep(layer, as: name, order.model)
        return (layer, tar.contentSize)
    }
}
