import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes

/// Get Blob and Get Blob Properties.
extension EmulatedAzureBlob {
    func readBlob(
        _ name: ObjectName,
        in container: String,
        _ request: HTTPRequest,
        _ kind: AzureBlobOperation.Kind
    ) async throws -> LocalResponse {
        let versions = try shelf.versions(of: name, in: container)
        let wanted = RequestTarget(request)?.value("versionid")
        let found = wanted.map { id in versions.first { $0.version == id } } ?? versions.first
        guard let object = found, !object.isDeleteMarker else { throw AzureBlobFailure.blobNotFound }
        switch EntityConditions(request.headerFields)
            .verdict(etag: object.etag, lastModified: object.lastModified, reading: true)
        {
        case .proceed: break
        case .failed: throw AzureBlobFailure.conditionNotMet
        case .notModified:
            throw AzureBlobFailure(.notModified, "ConditionNotMet", "", [.eTag: "\"\(object.etag)\""])
        }
        var headers = object.azureHeaders
        if try shelf.container(container).versioning != .never {
            headers[.known("x-ms-version-id")] = object.version
            if object.version == versions.first?.version { headers[.known("x-ms-is-current-version")] = "true" }
        }
        let size = object.content.size
        let field = request.headerFields[.azureRange] ?? request.headerFields[.range]
        if kind == .blobProperties {
            headers[.contentLength] = String(size)
            headers[.contentMD5] = object.md5?.base64
            return LocalResponse(HTTPResponse(status: .ok, headerFields: headers), streaming: HTTPBodyChunks([]))
        }
        switch ByteRange(field, size: size) {
        case .whole:
            headers[.contentLength] = String(size)
            headers[.contentMD5] = object.md5?.base64
            return LocalResponse(HTTPResponse(status: .ok, headerFields: headers), streaming: object.content.chunks())
        case .part(let range):
            headers[.contentLength] = String(range.count)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            headers[.azureContentMD5] = object.md5?.base64
            if request.headerFields[.azureRangeMD5]?.lowercased() == "true" {
                guard range.count <= 4 << 20 else {
                    throw AzureBlobFailure(.badRequest, "OutOfRangeInput", "no MD5 of a range larger than 4 MiB")
                }
                let bytes = try await object.content.chunks(range).collect(upTo: 4 << 20)
                headers[.contentMD5] = Array(Insecure.MD5.hash(data: bytes)).base64
            }
            let response = HTTPResponse(status: .partialContent, headerFields: headers)
            return LocalResponse(response, streaming: object.content.chunks(range))
        case .unsatisfiable:
            throw AzureBlobFailure(
                .rangeNotSatisfiable,
                "InvalidRange",
                "The range specified is invalid for the current size.",
                [.contentRange: "bytes */\(size)"]
            )
        }
    }
}

extension StoredObject {
    /// What every answer about a blob tells of it.
    fileprivate var azureHeaders: HTTPFields {
        var fields = headers
        if fields[.contentType] == nil { fields[.contentType] = "application/octet-stream" }
        fields[.eTag] = "\"\(etag)\""
        fields[.lastModified] = lastModified.httpDate
        fields[.acceptRanges] = "bytes"
        fields[.azureBlobType] = "BlockBlob"
        fields[.azureLeaseStatus] = "unlocked"
        fields[.azureLeaseState] = "available"
        fields[.azureEncrypted] = "true"
        fields[.azureCreationTime] = created.httpDate
        for (key, value) in metadata {
            if let name = HTTPField.Name("x-ms-meta-" + key) { fields[name] = value }
        }
        return fields
    }
}
