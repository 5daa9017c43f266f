import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes
import Synchronization

/// An upload in parts that is not complete yet.
struct MultipartUpload: Sendable {
    struct Part: Sendable {
        var content: StoredContent
        var md5: [UInt8]
        var uploaded: Timestamp
    }

    let bucket: String
    let key: String
    /// The request that started it, whose header fields describe the object.
    let described: HTTPFields
    var parts: [Int: Part] = [:]

    /// The least bytes of a part that is not the last (Amazon S3: multipart upload limits).
    static let minimumPartBytes: Int64 = 5 << 20
    /// How many uploads may be open at once.
    static let maximumUploads = 1000
}

/// Uploads in parts.
extension EmulatedS3 {
    func createUpload(_ call: Call) throws -> LocalResponse {
        _ = try shelf.container(call.bucket)
        let id = "upload-\(counter.add(1, ordering: .relaxed).newValue)"
        let upload = MultipartUpload(
            bucket: call.bucket,
            key: call.operation.key,
            described: call.request.headerFields
        )
        try uploads.withLock { uploads throws(S3Failure) in
            guard uploads.count < MultipartUpload.maximumUploads else {
                throw S3Failure(.serviceUnavailable, "SlowDown", "Please reduce your request rate.")
            }
            uploads[id] = upload
        }
        return answer("InitiateMultipartUploadResult") { result in
            result.element("Bucket", call.bucket)
            result.element("Key", call.operation.key)
            result.element("UploadId", id)
        }
    }

    /// The id of the upload a request names, if it is this object's.
    private func upload(_ call: Call) throws(S3Failure) -> (id: String, upload: MultipartUpload) {
        let id = call.target.value("uploadId") ?? ""
        guard let upload = uploads.withLock({ $0[id] }), upload.bucket == call.bucket, upload.key == call.operation.key
        else { throw .noSuchUpload }
        return (id, upload)
    }

    func putPart(_ call: Call) async throws -> LocalResponse {
        guard call.request.headerFields[.amzCopySource] == nil else { throw S3Failure.notImplemented("UploadPartCopy") }
        guard let number = call.target.number("partNumber"), (1...10_000).contains(number) else {
            throw S3Failure.invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
        }
        let id = try upload(call).id
        let received = try await call.payload.receive(
            call.body,
            folder: shelf.folder,
            limit: EmulatedS3.maximumBytes
        )
        let part = MultipartUpload.Part(content: received.content, md5: received.md5, uploaded: time.date())
        let (isKnown, replaced) = uploads.withLock { uploads in
            guard uploads[id] != nil else { return (false, nil as MultipartUpload.Part?) }
            return (true, uploads[id]?.parts.updateValue(part, forKey: number))
        }
        replaced?.content.discard()
        guard isKnown else {
            received.content.discard()
            throw S3Failure.noSuchUpload
        }
        var headers = received.checksumHeaders
        headers[.amzChecksumType] = nil
        headers[.eTag] = "\"\(received.md5.hexadecimal)\""
        return LocalResponse(.ok, headers)
    }

    func completeUpload(_ call: Call) async throws -> LocalResponse {
        let (id, upload) = try upload(call)
        let list = try await document(call, "CompleteMultipartUpload")
        var parts: [MultipartUpload.Part] = []
        var last = 0
        for entry in list.children where entry.name == "Part" {
            guard let number = entry.value("PartNumber").flatMap({ Int($0) }), let etag = entry.value("ETag") else {
                throw S3Failure.malformedXML
            }
            guard number > last else {
                throw S3Failure(.badRequest, "InvalidPartOrder", "The list of parts was not in ascending order.")
            }
            guard let part = upload.parts[number], part.md5.hexadecimal == etag.unquoted else {
                throw S3Failure(.badRequest, "InvalidPart", "One or more of the specified parts could not be found.")
            }
            last = number
            parts.append(part)
        }
        guard !parts.isEmpty else { throw S3Failure.malformedXML }
        guard parts.dropLast().allSatisfy({ $0.content.size >= MultipartUpload.minimumPartBytes }) else {
            throw S3Failure(.badRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum size")
        }
        let joined = try await ReceivedContent(
            joining: parts.map { ($0.content, 0..<$0.content.size) },
            folder: shelf.folder,
            limit: EmulatedS3.maximumBytes
        )
        var object = StoredObject(joined.content, at: time.date())
        object.md5 = joined.md5
        object.describeS3(upload.described)
        let sums = parts.flatMap(\.md5)
        let etag = Array(Insecure.MD5.hash(data: sums)).hexadecimal + "-\(parts.count)"
        let stored = try store(object, etag: etag, call)
        drop(id)
        var headers: HTTPFields = [:]
        if stored.version != StoredObject.nullVersion { headers[.amzVersionID] = stored.version }
        return answer("CompleteMultipartUploadResult", headers) { result in
            result.element("Location", "/\(call.bucket)/\(call.operation.key)")
            result.element("Bucket", call.bucket)
            result.element("Key", call.operation.key)
            result.element("ETag", "\"\(stored.etag)\"")
        }
    }

    func abortUpload(_ call: Call) throws -> LocalResponse {
        drop(try upload(call).id)
        return LocalResponse(.noContent)
    }

    private func drop(_ id: String) {
        let upload = uploads.withLock { $0.removeValue(forKey: id) }
        for part in upload?.parts.values.map({ $0 }) ?? [] { part.content.discard() }
    }

    func listParts(_ call: Call) throws -> LocalResponse {
        let (id, upload) = try upload(call)
        let limit = min(max(call.target.number("max-parts") ?? 1000, 0), 1000)
        let after = call.target.number("part-number-marker") ?? 0
        let rest = upload.parts.filter { $0.key > after }.sorted { $0.key < $1.key }
        let page = rest.prefix(limit)
        return answer("ListPartsResult") { result in
            result.element("Bucket", call.bucket)
            result.element("Key", call.operation.key)
            result.element("UploadId", id)
            result.element("PartNumberMarker", String(after))
            result.element("NextPartNumberMarker", String(page.last?.key ?? after))
            result.element("MaxParts", String(limit))
            result.element("IsTruncated", page.count < rest.count ? "true" : "false")
            for (number, part) in page {
                result.element("Part") { entry in
                    entry.element("PartNumber", String(number))
                    entry.element("LastModified", part.uploaded.s3Date)
                    entry.element("ETag", "\"\(part.md5.hexadecimal)\"")
                    entry.element("Size", String(part.content.size))
                }
            }
        }
    }
}
