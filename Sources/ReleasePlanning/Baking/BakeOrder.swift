public import Artifacts
public import ModelAppAPI

/// An image that has to be made before a release can start: everything that makes it, decided.
///
/// Named by the release. Whoever carries out a plan begins what it asks for, or finds it begun, and tells in the resolution
/// of a later pass what has become of it. The registry keeps the result, under a tag of the release: losing the process
/// loses nothing.
public struct BakeOrder: Sendable, Hashable {
    /// The release.
    public var release: String
    /// The application's image by its digest.
    public var image: String
    /// The platforms that the image must have.
    public var platforms: [String]
    /// The model.
    public var model: ModelVersion
    /// Where the image goes, without tag.
    public var repository: String
    /// The folder of the model in the container.
    public var mountPath: String
    /// The names of the environment variables that tell the container about its model.
    public var environment: DeliveryEnvironment
    /// The digest of an image in the same repository that is likely to have the same layers: the one that runs.
    public var previous: Digest?

    /// The tag that keeps the image while its release is in the history.
    public var tag: String { Self.tag(of: release) }

    /// The tag that keeps the image of a release.
    public static func tag(of release: String) -> String { "r-" + release }
}

/// What has become of an image that a release needs.
public enum BakeState: Sendable, Hashable {
    /// It is being made.
    case running
    /// It is there, with this digest.
    case done(Digest)
    /// It could not be made; it is tried again.
    case failed(ResolutionFailure)
}

/// What has become of the image of one release.
public struct BakeResult: Sendable, Hashable {
    /// The release.
    public var release: String
    /// What has become of it.
    public var state: BakeState

    /// A result of its parts.
    public init(release: String, state: BakeState) {
        self.release = release
        self.state = state
    }
}
