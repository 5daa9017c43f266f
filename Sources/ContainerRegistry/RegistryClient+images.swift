public import Artifacts
import HTTPTransport

extension RegistryClient {
    /// How many manifests and configurations are read to describe one image, and how deep indexes may be nested.
    static let maximumManifests = 32
    static let maximumIndexDepth = 3

    /// The configuration of an image. Throws `.notFound` where the blob is not there.
    /// - Parameter descriptor: the manifest's `configuration`.
    public func imageConfiguration(
        _ repository: ImageReference,
        _ descriptor: Descriptor
    ) async throws(RegistryError) -> ImageConfiguration {
        let subject = "configuration \(descriptor.digest.short) of \(repository.name)"
        let bytes = try await blob(
            repository,
            descriptor.digest,
            size: descriptor.size,
            limit: limits.configurationBytes
        )
        guard let bytes else {
            throw RegistryError(.notFound, "\(subject): is not in the registry, though its manifest is", status: 404)
        }
        return try ImageConfiguration(parsing: bytes, about: subject)
    }

    /// The images behind a digest, one for each platform, without attestations.
    ///
    /// An index entry without a platform, and a manifest outside an index, have that of their configuration. Empty for
    /// artifacts that are no runnable images. Throws `.notFound` where the digest is not in the repository.
    public func platforms(
        _ repository: ImageReference,
        of digest: Digest
    ) async throws(RegistryError) -> [PlatformImage] {
        var search = PlatformSearch()
        try await search.run(self, repository, try await pinned(repository, digest))
        return search.images
    }

    /// What is known about the image behind a digest. Throws `.notFound` where it is not in the repository.
    /// - Parameter platform: whose labels count, where the image has it; else the first one's.
    public func image(
        _ repository: ImageReference,
        _ digest: Digest,
        preferring platform: Platform = .linuxAMD64
    ) async throws(RegistryError) -> ImageDescription {
        let manifest = try await pinned(repository, digest)
        var search = PlatformSearch()
        try await search.run(self, repository, manifest)
        let images = search.images
        var description = ImageDescription(
            digest: digest,
            mediaType: manifest.mediaType,
            images: images,
            created: nil,
            labels: [:]
        )
        if let chosen = images.first(where: { $0.platform.satisfies(platform) }) ?? images.first {
            let configuration: ImageConfiguration
            if let known = search.configurations[chosen.manifest] {
                configuration = known
            } else {
                configuration = try await search.configuration(
                    self,
                    repository,
                    try await pinned(repository, chosen.manifest)
                )
            }
            description.created = configuration.created
            description.labels = configuration.labels
        }
        if description.created == nil {
            let annotations =
                switch manifest.content {
                case .image(let image): image.annotations
                case .index(let index): index.annotations
                }
            let text = annotations["org.opencontainers.image.created"]
            description.created = text.flatMap { try? Timestamp(rfc3339: $0) }
        }
        return description
    }

    /// The manifest behind a digest. Throws `.notFound` where it is not in the repository.
    public func pinned(_ repository: ImageReference, _ digest: Digest) async throws(RegistryError) -> Manifest {
        var reference = repository
        reference.tag = nil
        reference.digest = digest
        guard let manifest = try await manifest(reference) else {
            throw RegistryError(
                .notFound,
                "\(repository.pinned(to: digest)): not in the registry; was it deleted?",
                status: 404
            )
        }
        return manifest
    }
}
