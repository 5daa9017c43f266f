import Artifacts
import Crypto
import HTTPTypes

/// One version of an object in a blob store.
struct StoredObject: Sendable {
    var content: StoredContent
    /// Without quotes.
    var etag: String
    var created: Timestamp
    var lastModified: Timestamp
    /// The MD5 of the content, where it is known.
    var md5: [UInt8]?
    /// `Content-Type` and the other fields that are given back as they were stored.
    var headers: HTTPFields = [:]
    /// By name in lower case.
    var metadata: [String: String] = [:]
    /// Checksums the client sent and the store verified: Base64 by algorithm (`crc32`).
    var checksums: [String: String] = [:]
    /// The blocks it was made of, in order, for an Azure block blob that was committed from blocks.
    var blocks: [Block] = []
    /// The version's id; `null` where the store keeps no versions.
    var version = StoredObject.nullVersion
    var isDeleteMarker = false
    /// What its file looked like when it was last seen, for a store over a folder.
    var stamp: FileStamp?

    /// A committed block.
    struct Block: Sendable, Hashable {
        var id: String
        var size: Int64
    }

    static let nullVersion = "null"

    init(_ content: StoredContent, at date: Timestamp) {
        self.content = content
        etag = ""
        created = date
        lastModified = date
    }
}

/// How a store writes its entity tags and version ids.
enum StoreFlavor: Sendable {
    case azure
    case s3

    /// An entity tag that differs wherever `seed` does.
    func etag(_ seed: String) -> String {
        let hex = Array(SHA256.hash(data: Array(seed.utf8))).hexadecimal
        switch self {
        case .azure: return "0x8D" + hex.prefix(13).uppercased()
        // A tag with a dash is not the MD5 of the content, and clients know that.
        case .s3: return hex.prefix(32) + "-1"
        }
    }

    /// The tag of a file that was found in the folder: the same as long as the file is not touched.
    func etag(of stamp: FileStamp) -> String {
        etag("\(stamp.modifiedNanoseconds) \(stamp.size) \(stamp.inode)")
    }
}
