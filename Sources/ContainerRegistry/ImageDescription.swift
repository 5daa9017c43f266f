public import Artifacts

/// What is known about the image behind a digest.
public struct ImageDescription: Sendable, Hashable {
    /// The digest that was asked for: of an index, where the image has several platforms.
    public var digest: Digest
    /// The type of what the digest names.
    public var mediaType: MediaType
    /// The images inside, one for each platform, in the order of the index. Empty for what is not a runnable image.
    public var images: [PlatformImage]
    /// When the image says it was built.
    public var created: Timestamp?
    /// The labels of the image for the preferred platform, or of the first one.
    public var labels: [String: String]

    /// What the image runs on.
    public var platforms: [Platform] { images.map(\.platform) }
}

/// The image for one platform.
public struct PlatformImage: Sendable, Hashable {
    /// What it runs on.
    public var platform: Platform
    /// The digest of its manifest.
    public var manifest: Digest

    /// An image of its parts.
    public init(platform: Platform, manifest: Digest) {
        self.platform = platform
        self.manifest = manifest
    }
}
