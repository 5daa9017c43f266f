/// Bounds on what a registry may answer.
public struct RegistryLimits: Sendable, Hashable {
    /// The most tags of a repository.
    public var tags = 100_000
    /// The most bytes of all pages of a tag list.
    public var tagListBytes = 32 << 20
    /// The most pages of a tag list: one for each tag, where a registry gives no more at once.
    public var tagPages = 100_000
    /// The most of them that bring nothing.
    public var emptyTagPages = 100
    /// How many tags are asked for a page; fewer where the registry refuses.
    public var tagPageSize = 1000
    /// The most bytes of a manifest (distribution spec: registries take at least 4 MiB).
    public var manifestBytes = 4 << 20
    /// The most bytes of an image configuration.
    public var configurationBytes = 8 << 20
    /// The bytes of one chunk of an upload. Azure takes 20 MiB at the most, Amazon 10 MiB; the last may be smaller.
    public var uploadChunkBytes = 8 << 20

    /// The defaults.
    public init() {}
}
