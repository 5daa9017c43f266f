import Artifacts
import ContainerRegistry

/// Names the layer that holds a model: the same model at the same place in the container is the same layer.
///
/// A repository keeps it under a tag, `m-sha256-HEX-MOUNT`, so that the next image takes the layer from there and nobody
/// reads the model again. `MOUNT` stands for the folder and for how the layer is written.
struct ModelLayerName: Sendable, Hashable {
    /// The digest of the model's content, as releases have it.
    let revision: String
    /// The folder of the model in the container.
    let mountPath: String
    /// The tag.
    let tag: String

    /// How layers are written; another number whenever the same files would give other bytes.
    private static let format = 1

    /// Throws `.unsafeName` where the revision is none.
    init(revision: String, mountPath: String) throws(PackagingError) {
        guard let identity = revision.split(separator: ":").map(String.init).asRevision,
            let place = ContentDigest.of(Array("\(Self.format)\n\(mountPath)".utf8))
        else {
            throw PackagingError(
                .unsafeName,
                "\"\(revision.clipped)\" is no digest of a model: expected sha256:HEX or etag:HEX"
            )
        }
        self.revision = revision
        self.mountPath = mountPath
        tag = "m-\(identity)-\(place.hex.prefix(8))"
    }

    /// The annotations of the artifact under the tag. A tag whose artifact has others is somebody else's.
    var annotations: [String: String] {
        [PackagingKeys.revision: revision, PackagingKeys.mountPath: mountPath, PackagingKeys.format: "\(Self.format)"]
    }
}

extension [String] {
    /// `sha256` and `HEX` as part of a tag; nil for anything else.
    fileprivate var asRevision: String? {
        guard count == 2, ["sha256", "etag"].contains(self[0]), self[1].utf8.count == 64,
            self[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return joined(separator: "-")
    }
}

/// The annotations and labels that a packaged image carries.
public enum PackagingKeys {
    /// The digest of the model's content.
    public static let revision = "dev.modelapp.model.revision"
    /// The name of the model's version.
    public static let version = "dev.modelapp.model.version"
    /// Where the model came from.
    public static let source = "dev.modelapp.model.source"
    /// The folder of the model in the container.
    public static let mountPath = "dev.modelapp.model.path"
    /// How the layer is written.
    static let format = "dev.modelapp.model.layer-format"
    /// The digest of the application's image (image-spec: pre-defined annotation keys).
    public static let base = "org.opencontainers.image.base.digest"
    /// What kind of artifact holds a layer.
    static let layerArtifact = "application/vnd.modelapp.model.layer.v1"
}
