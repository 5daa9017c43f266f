import Artifacts

/// Walks an index down to the images for single platforms.
struct PlatformSearch {
    private(set) var images: [PlatformImage] = []
    /// The configurations that were read on the way, by the digest of their manifest.
    private(set) var configurations: [Digest: ImageConfiguration] = [:]
    private var reads = 0

    mutating func run(
        _ client: RegistryClient,
        _ repository: ImageReference,
        _ root: Manifest
    ) async throws(RegistryError) {
        var seen: Set<Digest> = [root.digest]
        var open: [(manifest: Manifest, depth: Int)] = [(root, 0)]
        while let (manifest, depth) = open.popLast() {
            switch manifest.content {
            case .image(let image):
                guard image.configuration.mediaType.isImageConfiguration else { continue }
                let configuration = try await configuration(client, repository, manifest)
                if let platform = configuration.platform { add(platform, manifest.digest) }
            case .index(let index):
                var nested: [(manifest: Manifest, depth: Int)] = []
                for entry in index.manifests where entry.mayRun && seen.insert(entry.digest).inserted {
                    if let platform = entry.platform, entry.mediaType.isManifest {
                        add(platform, entry.digest)
                    } else if entry.mediaType.isManifest || entry.mediaType.isIndex {
                        guard depth < RegistryClient.maximumIndexDepth else {
                            throw RegistryError(
                                .tooLarge,
                                "\(repository.pinned(to: root.digest)): its indexes are nested too deep"
                            )
                        }
                        try count(repository)
                        nested.append((try await client.pinned(repository, entry.digest), depth + 1))
                    }
                }
                open += nested.reversed()
            }
        }
    }

    /// Reads the configuration of a manifest that describes one image.
    mutating func configuration(
        _ client: RegistryClient,
        _ repository: ImageReference,
        _ manifest: Manifest
    ) async throws(RegistryError) -> ImageConfiguration {
        guard case .image(let image) = manifest.content else {
            throw RegistryError(
                .unexpectedMediaType,
                "\(repository.pinned(to: manifest.digest)): is an index, not an image"
            )
        }
        try count(repository)
        let configuration = try await client.imageConfiguration(repository, image.configuration)
        configurations[manifest.digest] = configuration
        return configuration
    }

    private mutating func add(_ platform: Platform, _ manifest: Digest) {
        if !images.contains(where: { $0.platform == platform }) {
            images.append(PlatformImage(platform: platform, manifest: manifest))
        }
    }

    private mutating func count(_ repository: ImageReference) throws(RegistryError) {
        reads += 1
        guard reads <= RegistryClient.maximumManifests else {
            throw RegistryError(
                .tooLarge,
                "\(repository.name): an image needs more than \(RegistryClient.maximumManifests) reads to describe"
            )
        }
    }
}
