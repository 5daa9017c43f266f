import Artifacts
import ContainerRegistry
import JSON

/// The application's image as its registry has it: what a layer is added to.
struct ApplicationImage: Sendable {
    /// The image for one platform.
    struct Build: Sendable {
        var platform: Platform
        var manifest: Manifest.ImageManifest
        var configuration: JSONValue
    }

    /// The repository.
    let repository: ImageReference
    /// The digest that was asked for, or that the tag names: of an index, where there are several platforms.
    let digest: Digest
    /// The images for the wanted platforms, in their order.
    let builds: [Build]
    /// The annotations of the index, where there is one.
    let annotations: [String: String]

    /// The most platforms of an image.
    private static let maximumPlatforms = 16

    /// Reads an image: its manifest, its configuration and, of an index, those of each platform.
    /// - Parameter wanted: the platforms; empty for all that there are.
    static func read(
        _ reference: ImageReference,
        platforms wanted: [Platform],
        by client: RegistryClient
    ) async throws(PackagingError) -> ApplicationImage {
        do throws(RegistryError) {
            guard let root = try await client.manifest(reference) else {
                throw RegistryError(.notFound, "\(reference): not in the registry; was it deleted?", status: 404)
            }
            guard case .index(let index) = root.content else {
                let build = try await build(root, reference, by: client)
                let usable = wanted.isEmpty || wanted.allSatisfy { build.platform.satisfies($0) }
                guard usable else { return try missing(wanted, [build.platform], reference) }
                return ApplicationImage(repository: reference, digest: root.digest, builds: [build], annotations: [:])
            }
            let available = try await images(index, root.digest, reference, by: client)
            var chosen: [PlatformImage] = wanted.isEmpty ? available : []
            for platform in wanted {
                guard let image = available.first(where: { $0.platform.satisfies(platform) }) else {
                    return try missing(wanted, available.map(\.platform), reference)
                }
                if !chosen.contains(image) { chosen.append(image) }
            }
            guard !chosen.isEmpty, chosen.count <= maximumPlatforms else {
                throw RegistryError(
                    .tooLarge,
                    "\(reference): has \(chosen.count) platforms; 1 to \(maximumPlatforms) fit"
                )
            }
            var builds: [Build] = []
            for image in chosen {
                var pinned = reference
                (pinned.tag, pinned.digest) = (nil, image.manifest)
                guard let manifest = try await client.manifest(pinned) else {
                    throw RegistryError(.notFound, "\(pinned): not in the registry, though its index is", status: 404)
                }
                var build = try await build(manifest, reference, by: client)
                build.platform = image.platform
                builds.append(build)
            }
            return ApplicationImage(
                repository: reference,
                digest: root.digest,
                builds: builds,
                annotations: index.annotations
            )
        } catch {
            switch error.underlying {
            case let refusal as PackagingError: throw refusal
            default: throw PackagingError(error, at: .application)
            }
        }
    }

    private static func missing(
        _ wanted: [Platform],
        _ available: [Platform],
        _ reference: ImageReference
    ) throws(RegistryError) -> ApplicationImage {
        let refusal = PackagingError(
            .platformMissing,
            "\(reference): is built for \(available.map(\.description).joined(separator: ", ")), not for all of "
                + wanted.map(\.description).joined(separator: ", ")
        )
        throw RegistryError(.rejected, refusal.message, underlying: refusal)
    }

    /// What an index holds. One whose entries do not say what they run on is looked into.
    private static func images(
        _ index: Manifest.ImageIndex,
        _ digest: Digest,
        _ reference: ImageReference,
        by client: RegistryClient
    ) async throws(RegistryError) -> [PlatformImage] {
        let entries = index.manifests.filter { !$0.isAttestation }
        let told = entries.filter(\.mediaType.isManifest).compactMap { entry in
            entry.platform.map { PlatformImage(platform: $0, manifest: entry.digest) }
        }
        return told.count == entries.count ? told : try await client.platforms(reference, of: digest)
    }

    private static func build(
        _ manifest: Manifest,
        _ reference: ImageReference,
        by client: RegistryClient
    ) async throws(RegistryError) -> Build {
        guard case .image(let image) = manifest.content, image.configuration.mediaType.isImageConfiguration else {
            throw RegistryError(.unexpectedMediaType, "\(reference): is no image that runs in a container")
        }
        let descriptor = image.configuration
        let limit = client.limits.configurationBytes
        guard
            let bytes = try await client.blob(reference, descriptor.digest, size: descriptor.size, limit: limit)
        else {
            throw RegistryError(.notFound, "\(reference): its configuration is not in the registry", status: 404)
        }
        let configuration: JSONValue
        do throws(JSONError) {
            configuration = try JSONValue(parsing: bytes)
        } catch {
            throw RegistryError(.malformedAnswer, "\(reference): its configuration is not JSON")
        }
        let platform = try ImageConfiguration(parsing: bytes, about: "\(reference)").platform
        guard let platform else {
            throw RegistryError(.unexpectedMediaType, "\(reference): its configuration names no platform")
        }
        return Build(platform: platform, manifest: image, configuration: configuration)
    }
}
