public import Selection

/// What a registry and a model store hold, with the times that they tell: what a simulation of the past starts from.
///
/// It is what is there now. What was deleted, overwritten or moved since left no trace in it.
public struct SourceRecord: Sendable, Hashable {
    /// The tags of the image; the time of a push where the registry tells one.
    public var tags: [Candidate]
    /// The digests of tags, where the registry lists them.
    public var digests: [String: String]
    /// The objects below the prefix of the model, by full key.
    public var objects: [BlobObject]
    /// The version that the pointer names, and since when.
    public var pointer: Pointer?

    /// What a pointer object says.
    public struct Pointer: Sendable, Hashable {
        /// The version.
        public var version: String
        /// When the object was written.
        public var modified: UnixMilliseconds

        /// A pointer of its parts.
        public init(version: String, modified: UnixMilliseconds) {
            (self.version, self.modified) = (version, modified)
        }
    }

    /// A record of its parts.
    public init(
        tags: [Candidate],
        digests: [String: String] = [:],
        objects: [BlobObject],
        pointer: Pointer? = nil
    ) {
        (self.tags, self.digests, self.objects, self.pointer) = (tags, digests, objects, pointer)
    }
}
