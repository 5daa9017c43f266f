/// What to list and how far.
public struct ListRequest: Sendable, Hashable {
    /// Whether versions of objects are asked for. Costs more than a plain listing and needs its own permission on S3
    /// (`s3:ListBucketVersions`).
    public enum Versions: Sendable, Hashable {
        /// Current objects; `versionID` is nil.
        case none
        /// Current objects with their `versionID`, where the store keeps versions.
        case current
        /// Every version, and on S3 every delete marker.
        case all
    }

    /// What every key starts with; a plain string prefix, so a folder's ends at `/`.
    public var prefix: String
    /// Where to cut: keys that hold it after the prefix are reported once as `.prefix`. Usually `/`.
    public var delimiter: String?
    /// Whether versions are asked for.
    public var versions: Versions
    /// How many entries may come before the listing is given up as `tooLarge`.
    public var maximumEntries: Int

    /// A request of its parts.
    public init(
        prefix: String = "",
        delimiter: String? = nil,
        versions: Versions = .none,
        maximumEntries: Int = 1_000_000
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.versions = versions
        self.maximumEntries = maximumEntries
    }
}

/// One line of a listing.
public enum ListingEntry: Sendable, Hashable {
    /// An object, or a version of one.
    case object(ObjectInfo)
    /// The common start of at least one key, up to and including the delimiter.
    case prefix(String)
}

/// Whether a listing goes on.
public enum ListingDecision: Sendable, Hashable {
    /// More, please.
    case `continue`
    /// Enough: no further page is fetched.
    case stop
}
