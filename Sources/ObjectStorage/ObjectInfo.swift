public import Artifacts

/// What a store says about one object, or about one version of it.
public struct ObjectInfo: Sendable, Hashable {
    /// The whole key, as the store has it. From outside: check it before it becomes a path of a file.
    public var key: String
    /// The size in bytes; never negative.
    public var size: Int64
    /// When this content was stored, by the store's clock.
    public var modified: Timestamp
    /// The entity tag without its quotes. A token for `If-Match`, not a hash: see `ModelFingerprint`.
    public var etag: String?
    /// The name of this version, where the store keeps versions and said so. Nil also for S3's `null` version, which
    /// the next upload overwrites: without a version id the bytes can vanish.
    public var versionID: String?
    /// A checksum of the whole content that the store keeps, where it reported one.
    public var checksum: StoredChecksum?
    /// Whether this is what a read without a version gets.
    public var isCurrent: Bool
    /// Whether this is S3's mark of a deletion; it has no content.
    public var isDeleteMarker: Bool
    /// Whether this only stands for a folder: an Azure directory, or an empty object whose key ends at `/`.
    public var isFolder: Bool

    /// A description of its parts.
    public init(
        key: String,
        size: Int64,
        modified: Timestamp,
        etag: String? = nil,
        versionID: String? = nil,
        checksum: StoredChecksum? = nil,
        isCurrent: Bool = true,
        isDeleteMarker: Bool = false,
        isFolder: Bool = false
    ) {
        self.key = key
        self.size = size
        self.modified = modified
        self.etag = etag
        self.versionID = versionID
        self.checksum = checksum
        self.isCurrent = isCurrent
        self.isDeleteMarker = isDeleteMarker
        self.isFolder = isFolder || (size == 0 && key.hasSuffix("/") && !isDeleteMarker)
    }
}

/// A checksum of an object's whole content that the store keeps next to it.
///
/// Azure's `Content-MD5` is computed by the service for uploads in one piece; for larger ones it is what the uploading
/// client said. S3 verifies what it stores. S3's composite checksums of multipart uploads are none of the content and
/// are never reported here.
public struct StoredChecksum: Sendable, Hashable {
    /// How a checksum was computed.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        case md5
        case sha1
        case sha256
        case crc64nvme
        case crc32
        case crc32c

        /// How many bytes a value has.
        public var length: Int {
            switch self {
            case .md5: 16
            case .sha1: 20
            case .sha256: 32
            case .crc64nvme: 8
            case .crc32, .crc32c: 4
            }
        }

        /// Whether two different contents with the same value do not happen by accident. A cyclic redundancy check
        /// of 64 bits or fewer detects damage but does not identify content.
        public var identifiesContent: Bool { length >= 16 }
    }

    /// How it was computed.
    public let algorithm: Algorithm
    /// The value in lower-case hexadecimal.
    public let hex: String

    /// A checksum of raw bytes; nil where their count is not the algorithm's.
    public init?(_ algorithm: Algorithm, bytes: some Collection<UInt8>) {
        guard bytes.count == algorithm.length else { return nil }
        self.algorithm = algorithm
        hex = bytes.hexadecimal
    }

    /// A checksum in hexadecimal, as manifests write it; nil where the text is not of the algorithm's length.
    public init?(_ algorithm: Algorithm, hexadecimal text: String) {
        let digits = text.lowercased()
        guard digits.utf8.count == algorithm.length * 2,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.algorithm = algorithm
        hex = digits
    }

    /// A checksum as both services write it; nil where the text is not base64 of the algorithm's length.
    init?(_ algorithm: Algorithm, base64 text: String) {
        guard let bytes = Base64.decode(text) else { return nil }
        self.init(algorithm, bytes: bytes)
    }
}
