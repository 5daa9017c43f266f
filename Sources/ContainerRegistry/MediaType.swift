/// The type of a manifest, configuration or layer.
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// The type in lower case, without parameters.
    public let text: String

    /// The type that a `Content-Type` header or a descriptor names.
    public init(_ text: String) {
        let bare = text.prefix { $0 != ";" }
        self.text = bare.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// An OCI image manifest.
    public static let ociManifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    /// An OCI image index.
    public static let ociIndex = MediaType("application/vnd.oci.image.index.v1+json")
    /// A Docker image manifest, schema 2.
    public static let dockerManifest = MediaType("application/vnd.docker.distribution.manifest.v2+json")
    /// A Docker manifest list.
    public static let dockerManifestList = MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
    /// The configuration of an OCI image.
    public static let ociConfiguration = MediaType("application/vnd.oci.image.config.v1+json")
    /// The configuration of a Docker image.
    public static let dockerConfiguration = MediaType("application/vnd.docker.container.image.v1+json")

    /// The configuration of an artifact that has none (image-spec 1.1: guidance for an empty descriptor).
    public static let ociEmpty = MediaType("application/vnd.oci.empty.v1+json")
    /// A layer as it is.
    public static let ociLayer = MediaType("application/vnd.oci.image.layer.v1.tar")

    /// Whether this is a manifest of one image or artifact.
    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// Whether this is a list of manifests.
    public var isIndex: Bool { self == .ociIndex || self == .dockerManifestList }
    /// Whether this is the configuration of a runnable image, which says its platform.
    public var isImageConfiguration: Bool { self == .ociConfiguration || self == .dockerConfiguration }

    /// What is accepted for a manifest. Without it registries hide OCI manifests or convert them.
    static let acceptedManifests = [ociManifest, ociIndex, dockerManifest, dockerManifestList]
        .map(\.text).joined(separator: ", ")

    /// The type.
    public var description: String { text }
}
