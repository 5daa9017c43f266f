public import Artifacts

/// One tag of a repository, with what the registry's listing says about it.
public struct TagListing: Sendable, Hashable {
    /// The tag.
    public var name: String
    /// What the tag names; nil where the listing holds names only.
    public var digest: Digest?
    /// When the tag was last pushed, by the registry's clock; nil where the listing holds names only.
    public var pushedAt: Timestamp?

    /// A tag of its parts.
    public init(name: String, digest: Digest? = nil, pushedAt: Timestamp? = nil) {
        self.name = name
        self.digest = digest
        self.pushedAt = pushedAt
    }
}

/// The tags of a repository, to be kept and validated instead of listed again.
public struct TagList: Sendable, Hashable {
    /// The tags in the registry's order, each once.
    public var tags: [TagListing]
    /// The registry's validator. Only where the whole list came in one page: it vouches for no other.
    public var entityTag: String?
    /// The URL that `entityTag` belongs to.
    var source: String?
}
