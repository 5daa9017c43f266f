import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization

/// Blobs that are there.
extension EmulatedRegistry {
    func blob(_ text: String, in name: String, _ request: HTTPRequest) throws(RegistryFailure) -> LocalResponse {
        let digest = try digest(text)
        guard let content = contents.withLock({ $0.blob(digest, in: name) }) else { throw .blobUnknown(text) }
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .dockerContentDigest: digest.description,
            .eTag: "\"\(digest)\"", .acceptRanges: "bytes",
        ]
        if EntityConditions(request.headerFields)
            .verdict(etag: digest.description, lastModified: nil, reading: true) == .notModified
        {
            return LocalResponse(.notModified, headers)
        }
        switch ByteRange(request.headerFields[.range], size: content.size) {
        case .whole:
            headers[.contentLength] = String(content.size)
            return LocalResponse(HTTPResponse(status: .ok, headerFields: headers), streaming: content.chunks())
        case .part(let range):
            headers[.contentLength] = String(range.count)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.size)"
            return LocalResponse(
                HTTPResponse(status: .partialContent, headerFields: headers),
                streaming: content.chunks(range)
            )
        case .unsatisfiable:
            throw RegistryFailure(
                .rangeNotSatisfiable,
                "RANGE_INVALID",
                "the blob has \(content.size) bytes",
                [.contentRange: "bytes */\(content.size)"]
            )
        }
    }

    func deleteBlob(_ text: String, in name: String) throws -> LocalResponse {
        let digest = try digest(text)
        let dropped = try contents.withLock { contents in
            guard contents.blob(digest, in: name) != nil else { throw RegistryFailure.blobUnknown(text) }
            return contents.unlink(digest, from: name)
        }
        try archive?.save(name, from: contents)
        dropped?.discard()
        return LocalResponse(.accepted)
    }
}
