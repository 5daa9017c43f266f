/// One object of a bucket or container, as a listing or a head request describes it.
public struct BlobObject: Sendable, Hashable {
    /// Its full key.
    public var key: String
    /// Its size in bytes.
    public var size: Int64
    /// When it was last written, by the source's clock.
    public var modified: UnixMilliseconds
    /// Its entity tag as the source gives it.
    public var etag: String

    /// An object as listed.
    public init(key: String, size: Int64, modified: UnixMilliseconds, etag: String) {
        self.key = key
        self.size = size
        self.modified = modified
        self.etag = etag
    }
}
