public import Artifacts
import Crypto
import FoundationEssentials

/// Two answers about a set of objects, from what the store says alone: did anything change, and is it the same content.
///
/// Objects may be added in any order; 96 bytes are kept for each. An object enters by its key below the set's prefix, so
/// that the same files under another folder are the same content.
///
/// `fingerprint` changes with every upload: it covers names, sizes, ETags and version ids. `identity` is what a
/// release is named by: names, sizes and stored checksums, where every object has one that identifies content
/// (`StoredChecksum.Algorithm.identifiesContent`); else names, sizes and ETags, marked as such. An S3 ETag never counts
/// as a checksum, although that of a plain upload is the MD5 of the content: that of a multipart upload or of an object
/// under SSE-KMS or SSE-C looks alike and is not (S3 API Reference, "Object"), a listing does not say which it is, and
/// other servers put there what they like. Nothing is lost: equal ETags of equal names still give an equal identity.
/// The same content uploaded once with and once without a checksum, or with another algorithm, has two identities: one
/// release too many, never one too few.
public struct ModelFingerprint: Sendable {
    private struct Leaf: Sendable, Comparable {
        var words: SIMD4<UInt64>

        init(_ fields: [String]) {
            var hash = SHA256()
            // The count before each field keeps `a`, `bc` apart from `ab`, `c`.
            for field in fields { hash.update(data: Array("\(field.utf8.count):\(field)".utf8)) }
            var bytes = Array(hash.finalize())[...]
            words = SIMD4()
            for index in 0..<4 {
                words[index] = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
                bytes = bytes.dropFirst(8)
            }
        }

        var bytes: [UInt8] {
            (0..<4).flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: words[word] >> (56 - 8 * $0)) } }
        }

        static func < (left: Leaf, right: Leaf) -> Bool {
            for index in 0..<4 where left.words[index] != right.words[index] {
                return left.words[index] < right.words[index]
            }
            return false
        }
    }

    private var uploads: [Leaf] = []
    private var tags: [Leaf] = []
    private var contents: [Leaf] = []
    private var hasChecksums = true
    /// The sum of the sizes; stays at the largest number instead of overflowing.
    public private(set) var bytes: Int64 = 0

    /// A fingerprint of no objects.
    public init() {}

    /// How many objects were added.
    public var count: Int { uploads.count }

    /// Adds an object whose key below the set's prefix is `relative`.
    public mutating func add(_ relative: String, _ info: ObjectInfo) {
        let size = String(info.size)
        // A store without ETags: the time of the upload is the best sign of a change there is.
        let tag = info.etag ?? "modified \(info.modified.microseconds)"
        uploads.append(Leaf([relative, size, tag, info.versionID ?? ""]))
        tags.append(Leaf([relative, size, tag]))
        if let checksum = info.checksum, checksum.algorithm.identifiesContent {
            contents.append(Leaf([relative, size, checksum.algorithm.rawValue, checksum.hex]))
        } else {
            hasChecksums = false
        }
        let (sum, overflow) = bytes.addingReportingOverflow(info.size)
        bytes = overflow ? .max : sum
    }

    /// What changes whenever anything in the store changed.
    public var fingerprint: Artifacts.Digest? { ModelFingerprint.digest(of: uploads, as: "fingerprint") }

    /// What stays the same while the content does.
    public var identity: ModelIdentity? {
        if hasChecksums { return ModelFingerprint.digest(of: contents, as: "content").map { .content($0) } }
        return ModelFingerprint.digest(of: tags, as: "etag").map { .entityTags($0) }
    }

    /// The hash over the sorted hashes of the objects.
    private static func digest(of leaves: [Leaf], as kind: String) -> Artifacts.Digest? {
        var hash = SHA256()
        hash.update(data: Array("modelapp \(kind) 1\n".utf8))
        for leaf in leaves.sorted() { hash.update(data: leaf.bytes) }
        return Artifacts.Digest(bytes: Array(hash.finalize()))
    }
}
