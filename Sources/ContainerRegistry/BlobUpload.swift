public import Artifacts
import HTTPTransport
import HTTPTypes

/// A blob on its way into a repository: where the next bytes go, and how many are there.
///
/// A value that every chunk moves on; a registry forgets uploads that nobody finishes.
public struct BlobUpload: Sendable {
    /// The repository.
    public let repository: ImageReference
    /// How many bytes the registry has.
    public internal(set) var size: Int64
    /// The fewest bytes that a chunk may have, but for the last one (distribution spec: `OCI-Chunk-Min-Length`).
    public let minimumChunk: Int
    /// Where the next request goes.
    var location: HTTPURL

    init(_ repository: ImageReference, location: HTTPURL, size: Int64 = 0, minimumChunk: Int = 0) {
        self.repository = repository
        self.location = location
        self.size = size
        self.minimumChunk = minimumChunk
    }
}

/// What became of a request to take a blob over from another repository.
public enum BlobMount: Sendable {
    /// The repository has it.
    case mounted
    /// It has not, and waits for the bytes.
    case upload(BlobUpload)
}

extension RegistryEndpoint {
    /// Where an upload goes on. Only path and query count, as with pages of a listing, and it stays at the host.
    func uploadLocation(_ response: HTTPResponse, after url: HTTPURL) throws(RegistryError) -> HTTPURL {
        guard let text = response.headerFields[.location], let target = url.resolving(text) else {
            throw RegistryError(.malformedAnswer, "\(name): an upload without a usable location")
        }
        guard target.host == self.url.host else {
            throw RegistryError(.insecure, "\(name): an upload leads to another host, \(target.host)")
        }
        return self.url(path: target.path, query: target.query)
    }
}

extension HTTPResponse {
    /// How many bytes an upload has by `Range: 0-N`; nil where it is not told. Registries say `0-0` of an empty one,
    /// too: both are taken for none.
    var uploadedBytes: Int64? {
        guard let text = headerFields[.range] else { return nil }
        let bare = text.hasPrefix("bytes=") ? text.dropFirst(6) : text[...]
        let bounds = bare.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds[0] == "0", let last = Int64(bounds[1]), last >= 0, last < .max else {
            return nil
        }
        return last == 0 ? 0 : last + 1
    }
}
