import Artifacts
import ContainerRegistry
import ObjectStorage

/// A model in an OCI registry: what its manifest says of its files.
///
/// A layer with a name (`org.opencontainers.image.title`, as ORAS and ModelKits of raw layers have it, or
/// `org.cncf.model.filepath`, as ModelPack has it) is a file as it is. One without a name whose type says tar is an
/// archive of files, as ModelKits have them. Whatever else there is makes the artifact unusable, and the reason says why:
/// a model without one of its files is none.
struct ModelArtifact: Sendable, Hashable {
    /// One layer that belongs to the model.
    struct Layer: Sendable, Hashable {
        /// The file's path; nil for an archive, whose files have paths of their own.
        var path: String?
        /// The digest of the layer.
        var digest: Digest
        /// How many bytes it has.
        var size: Int64
    }

    /// Why a manifest is no model; ends a sentence that begins with the tag.
    struct Unusable: Error, Sendable, Hashable {
        var reason: String
    }

    /// The digest of the manifest: the identity of the model.
    var digest: Digest
    /// The layers, in the order of the manifest.
    var layers: [Layer]

    /// The most layers of one artifact.
    static let maximumLayers = 10_000

    /// Why an artifact with archives goes into no image.
    static let noArchivesInImages =
        "its layers are archives, which are unpacked by InitContainer and not into an image; push its files as layers of "
        + "their own (ORAS, or kit pack with raw layers), or deliver with InitContainer"

    private static let title = "org.opencontainers.image.title"
    private static let filePath = "org.cncf.model.filepath"
    private static let unpack = "io.deis.oras.content.unpack"

    /// Reads a manifest.
    init(_ manifest: Manifest) throws(Unusable) {
        guard case .image(let content) = manifest.content else {
            throw Unusable(reason: "it is an index of several manifests; tag the artifact itself")
        }
        guard content.layers.count <= Self.maximumLayers else {
            throw Unusable(reason: "it has \(content.layers.count) layers, more than \(Self.maximumLayers)")
        }
        let isImage = content.configuration.mediaType.isImageConfiguration
        digest = manifest.digest
        layers = []
        var paths: Set<String> = []
        for descriptor in content.layers {
            let layer = try Self.layer(descriptor, isImage: isImage)
            if let path = layer.path {
                guard SafePath.isSafe(path) else {
                    throw Unusable(
                        reason: "the layer \"\(path.clipped)\" is no name below a folder; push it by another"
                    )
                }
                guard paths.insert(path).inserted else {
                    throw Unusable(reason: "two of its layers are called \"\(path.clipped)\"")
                }
            }
            layers.append(layer)
        }
        guard !layers.isEmpty else { throw Unusable(reason: "it has no layers") }
        if let (file, folder) = SafePath.collision(among: layers.compactMap(\.path)) {
            throw Unusable(reason: "\"\(file.clipped)\" is a file, and a folder in \"\(folder.clipped)\"")
        }
    }

    private static func layer(_ descriptor: Descriptor, isImage: Bool) throws(Unusable) -> Layer {
        let type = descriptor.mediaType.text
        // Other digests cannot be checked where a read goes on in the middle.
        guard descriptor.digest.algorithm == .sha256 else {
            throw Unusable(reason: "the layer \(descriptor.digest.short) has no sha256 digest; push it with one")
        }
        let name = descriptor.annotations[title] ?? descriptor.annotations[filePath]
        if descriptor.annotations[unpack] == "true" {
            throw Unusable(
                reason: "\"\((name ?? "").clipped)\" was pushed as a folder, which ORAS compresses; push its files"
            )
        }
        // By ORAS a file has the type of a tar layer where nobody gives it another, so that its title decides.
        if let name, descriptor.annotations[title] != nil || type.hasSuffix(".raw") {
            return Layer(path: name, digest: descriptor.digest, size: descriptor.size)
        }
        guard !isImage else {
            throw Unusable(reason: "it is an image of a container, and no artifact with files")
        }
        guard !isCompressed(type) else { throw compressed(type) }
        guard type.hasSuffix(".tar") else {
            throw Unusable(reason: "a layer of type \(type.clipped) has no \(title), so that its file has no name")
        }
        return Layer(path: nil, digest: descriptor.digest, size: descriptor.size)
    }

    private static func isCompressed(_ type: String) -> Bool {
        ["gzip", "zstd", ".gz", ".zst", ".tgz", "bzip2", "xz"].contains { type.hasSuffix($0) }
    }

    private static func compressed(_ type: String) -> Unusable {
        Unusable(
            reason:
                "a layer of type \(type.clipped) is compressed, which is not unpacked here; push it without compression"
        )
    }

    /// How many bytes the layers have.
    var bytes: Int64 {
        layers.reduce(into: Int64(0)) { sum, layer in
            let (next, overflow) = sum.addingReportingOverflow(layer.size)
            sum = overflow ? .max : next
        }
    }

    /// Whether any layer is an archive.
    var hasArchives: Bool { layers.contains { $0.path == nil } }
}
