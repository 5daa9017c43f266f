public import ObjectStorage

/// The files of one version of a model, as they are in the store.
public struct ModelContents: Sendable {
    /// One file.
    public struct File: Sendable {
        /// Where it goes, below the model's folder.
        public var path: String
        /// What the store said of it when it was listed: the bytes must be these.
        public var info: ObjectInfo
        /// The checksum that a manifest or the listing has; nil where nobody told one.
        public var checksum: StoredChecksum?

        /// A file of its parts.
        public init(path: String, info: ObjectInfo, checksum: StoredChecksum? = nil) {
            self.path = path
            self.info = info
            self.checksum = checksum
        }
    }

    /// The files, in no order.
    public var files: [File]
    /// Reads them.
    public var reader: ModelReader

    /// Contents of their parts.
    public init(files: [File], reader: ModelReader) {
        self.files = files
        self.reader = reader
    }
}

/// Which model an image holds, as its annotations say.
public struct ModelDescription: Sendable, Hashable {
    /// What names the content: `sha256:HEX` or `etag:HEX`.
    public var revision: String
    /// The version's name.
    public var version: String
    /// Where it came from, without credentials: `s3://bucket/prefix/41/`.
    public var source: String

    /// A description of its parts.
    public init(revision: String, version: String, source: String) {
        self.revision = revision
        self.version = version
        self.source = source
    }
}
