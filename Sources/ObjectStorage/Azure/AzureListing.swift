import Artifacts
import HTTPTransport

/// Reads a page of `List Blobs` (Azure Storage REST API, versions 2021-02-12 and later: a name that XML cannot hold is
/// percent-encoded and marked `Encoded`).
final class AzureListing: XMLHandler {
    /// Azure sends at most 5000 entries a page.
    static let maximumEntries = 10_000

    private let versions: ListRequest.Versions
    private var root: String?
    private var object = RawObject()
    private var objects: [RawObject] = []
    private var prefixes: [RawObject] = []
    private var marker = ""

    init(_ versions: ListRequest.Versions) { self.versions = versions }

    func open(_ path: [String], _ attributes: XMLAttributes) {
        switch path.count {
        case 1: root = path[0]
        case 3: object = RawObject()
        case 4 where path[3] == "Name": object.isEncoded = attributes["Encoded"] == "true"
        default: break
        }
    }

    func close(_ path: [String], text: String) {
        switch path.count {
        case 2: if path[1] == "NextMarker" { marker = text }
        case 3:
            // One more than allowed, so that `page` sees it.
            if path[2] == "Blob", objects.count <= AzureListing.maximumEntries { objects.append(object) }
            if path[2] == "BlobPrefix", prefixes.count <= AzureListing.maximumEntries { prefixes.append(object) }
        case 4:
            switch path[3] {
            case "Name": object.key = text
            case "VersionId": object.versionID = text
            case "IsCurrentVersion": object.isCurrent = text == "true"
            default: break
            }
        case 5 where path[3] == "Properties": closeProperty(path[4], text)
        default: break
        }
    }

    private func closeProperty(_ name: String, _ text: String) {
        switch name {
        case "Content-Length": object.size = text
        case "Last-Modified": object.modified = text
        case "Etag": object.etag = text
        case "Content-MD5": object.md5 = text
        case "ResourceType": object.isFolder = text == "directory"
        default: break
        }
    }

    /// The page, once the document has ended.
    func page() throws(XMLFailure) -> ListingPage {
        guard root == "EnumerationResults" else { throw XMLFailure(message: "it is no listing of a container") }
        guard objects.count <= AzureListing.maximumEntries, prefixes.count <= AzureListing.maximumEntries else {
            throw XMLFailure(message: "a page has more than \(AzureListing.maximumEntries) entries", isTooLarge: true)
        }
        var page = ListingPage(next: marker.isEmpty ? nil : ListingMarker(key: marker))
        page.entries.reserveCapacity(objects.count + prefixes.count)
        for object in objects {
            let info = try info(object)
            if versions == .all || info.isCurrent { page.entries.append(.object(info)) }
        }
        for prefix in prefixes { page.entries.append(.prefix(try name(prefix))) }
        return page
    }

    private func info(_ raw: RawObject) throws(XMLFailure) -> ObjectInfo {
        guard let modified = Timestamp(httpDate: raw.modified) else {
            throw XMLFailure(message: "a blob has no time of modification")
        }
        // A directory of a hierarchical namespace has no length of its own.
        guard let size = raw.isFolder && raw.size.isEmpty ? 0 : Int64(raw.size), size >= 0 else {
            throw XMLFailure(message: "a blob has no size")
        }
        return ObjectInfo(
            key: try name(raw),
            size: size,
            modified: modified,
            etag: EntityTag.bare(raw.etag),
            versionID: raw.versionID.isEmpty ? nil : raw.versionID,
            checksum: StoredChecksum(.md5, base64: raw.md5),
            // Without versioning there is neither field; a version that is not current has only the first.
            isCurrent: raw.isCurrent ?? raw.versionID.isEmpty,
            isFolder: raw.isFolder
        )
    }

    private func name(_ raw: RawObject) throws(XMLFailure) -> String {
        guard raw.isEncoded else { return raw.key }
        guard let decoded = HTTPURL.decode(raw.key) else {
            throw XMLFailure(message: "a name is not percent-encoded as announced")
        }
        return decoded
    }
}
