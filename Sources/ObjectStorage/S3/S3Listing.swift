import Artifacts
import HTTPTransport

/// Reads a page of `ListObjectsV2` or `ListObjectVersions`.
///
/// Entries become values only at the end: `EncodingType`, which says whether keys are percent-encoded, may stand after
/// them.
final class S3Listing: XMLHandler {
    /// S3 sends at most 1000 entries a page; others may send more, but not this many.
    static let maximumEntries = 10_000

    private let versions: ListRequest.Versions
    private var root: String?
    private var object = RawObject()
    private var objects: [RawObject] = []
    private var prefixes: [String] = []
    private var isTruncated = false
    private var isURLEncoded = false
    private var token = ""
    private var nextKey = ""
    private var nextVersion = ""

    init(_ versions: ListRequest.Versions) { self.versions = versions }

    func open(_ path: [String], _ attributes: XMLAttributes) {
        if path.count == 1 { root = path[0] }
        if path.count == 2 {
            object = RawObject()
            object.isDeleteMarker = path[1] == "DeleteMarker"
        }
    }

    func close(_ path: [String], text: String) {
        switch path.count {
        case 2: closeSecond(path[1], text)
        case 3: closeThird(path[1], path[2], text)
        default: break
        }
    }

    private func closeSecond(_ name: String, _ text: String) {
        switch name {
        case "Contents", "Version", "DeleteMarker":
            // One more than allowed, so that `page` sees it.
            if objects.count <= S3Listing.maximumEntries { objects.append(object) }
        case "IsTruncated": isTruncated = text == "true"
        case "NextContinuationToken": token = text
        case "NextKeyMarker": nextKey = text
        case "NextVersionIdMarker": nextVersion = text
        case "EncodingType": isURLEncoded = text == "url"
        default: break
        }
    }

    private func closeThird(_ parent: String, _ name: String, _ text: String) {
        if parent == "CommonPrefixes" {
            if name == "Prefix", prefixes.count <= S3Listing.maximumEntries { prefixes.append(text) }
            return
        }
        switch name {
        case "Key": object.key = text
        case "Size": object.size = text
        case "LastModified": object.modified = text
        case "ETag": object.etag = text
        case "VersionId": object.versionID = text
        case "IsLatest": object.isCurrent = text == "true"
        default: break
        }
    }

    /// The page, once the document has ended.
    func page() throws(XMLFailure) -> ListingPage {
        guard root == (versions == .none ? "ListBucketResult" : "ListVersionsResult") else {
            throw XMLFailure(message: "it is no listing of a bucket")
        }
        guard objects.count <= S3Listing.maximumEntries, prefixes.count <= S3Listing.maximumEntries else {
            throw XMLFailure(message: "a page has more than \(S3Listing.maximumEntries) entries", isTooLarge: true)
        }
        var page = ListingPage()
        page.entries.reserveCapacity(objects.count + prefixes.count)
        for object in objects {
            let info = try info(object)
            if versions == .all || (info.isCurrent && !info.isDeleteMarker) { page.entries.append(.object(info)) }
        }
        for prefix in prefixes { page.entries.append(.prefix(try decoded(prefix))) }
        guard isTruncated else { return page }
        if versions == .none {
            guard !token.isEmpty else { throw XMLFailure(message: "a truncated page names no continuation") }
            page.next = ListingMarker(key: token)
        } else {
            guard !nextKey.isEmpty else { throw XMLFailure(message: "a truncated page names no continuation") }
            page.next = ListingMarker(key: try decoded(nextKey), version: nextVersion.isEmpty ? nil : nextVersion)
        }
        return page
    }

    private func info(_ raw: RawObject) throws(XMLFailure) -> ObjectInfo {
        let modified: Timestamp
        do { modified = try Timestamp(rfc3339: raw.modified) } catch {
            throw XMLFailure(message: "an object has no time of modification")
        }
        guard let size = raw.isDeleteMarker ? 0 : Int64(raw.size), size >= 0 else {
            throw XMLFailure(message: "an object has no size")
        }
        return ObjectInfo(
            key: try decoded(raw.key),
            size: size,
            modified: modified,
            etag: EntityTag.bare(raw.etag),
            versionID: S3Listing.version(raw.versionID),
            isCurrent: raw.isCurrent ?? true,
            isDeleteMarker: raw.isDeleteMarker
        )
    }

    /// A version id; nil for `null`, the one version of an object in a bucket that keeps none.
    static func version(_ text: String?) -> String? {
        guard let text, !text.isEmpty, text != "null" else { return nil }
        return text
    }

    /// S3 encodes as forms do: a space is `+` (botocore's `decode_list_object` undoes it with `unquote_plus`).
    private func decoded(_ text: String) throws(XMLFailure) -> String {
        guard isURLEncoded else { return text }
        let spaced = text.utf8.contains(0x2B) ? String(text.map { $0 == "+" ? " " : $0 }) : text
        guard let decoded = HTTPURL.decode(spaced) else {
            throw XMLFailure(message: "a key is not percent-encoded as announced")
        }
        return decoded
    }
}
