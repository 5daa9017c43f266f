import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization

/// Blobs on their way: in one request, in chunks, or mounted from another repository.
extension EmulatedRegistry {
    /// `POST /v2/<name>/blobs/uploads/`.
    func startUpload(
        in name: String,
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        if let mount = target.value("mount") {
            let wanted = try digest(mount)
            let mounted = contents.withLock { contents in
                let source = target.value("from")
                // Without `from` any repository will do (distribution specification: automatic content discovery).
                let found = source.map { contents.blob(wanted, in: $0) != nil } ?? (contents.blobs[wanted] != nil)
                if found { contents.link(wanted, to: name) }
                return found
            }
            if mounted {
                try archive?.save(name, from: contents)
                return created(wanted, in: name)
            }
        }
        let writer = try newWriter()
        if let text = target.value("digest") {
            let wanted = try digest(text)
            var upload = RegistryContents.Upload(repository: name, writer: writer)
            do {
                try await append(body, to: &upload, length: nil)
                return try await store(upload, as: wanted)
            } catch {
                upload.writer.discard()
                throw error
            }
        }
        let id = try contents.withLock { contents in
            guard contents.uploads.count < RegistryContents.maximumUploads else {
                throw RegistryFailure(.tooManyRequests, "TOOMANYREQUESTS", "too many open uploads")
            }
            contents.uploadCount += 1
            let id = "upload-\(contents.uploadCount)"
            contents.uploads[id] = .idle(.init(repository: name, writer: writer))
            return id
        }
        return accepted(id, in: name, size: 0)
    }

    /// `GET` of an upload: how far it is.
    func uploadStatus(_ id: String, in name: String) throws(RegistryFailure) -> LocalResponse {
        guard case .idle(let upload) = contents.withLock({ $0.uploads[id] }), upload.repository == name else {
            throw .uploadUnknown(id)
        }
        var answer = accepted(id, in: name, size: upload.writer.size)
        answer.response.status = .noContent
        answer.response.headerFields[.contentLength] = nil
        return answer
    }

    /// `PATCH` of an upload: one more chunk, which has to start where the last one ended.
    func appendToUpload(
        _ id: String,
        in name: String,
        _ request: HTTPRequest,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        let size = try await withUpload(id, in: name) { upload in
            let length = try checkedLength(request, id, in: name, upload)
            try await append(body, to: &upload, length: length)
            return upload.writer.size
        }
        return accepted(id, in: name, size: size)
    }

    /// `PUT` of an upload: the last chunk, if any, and the digest of it all.
    func finishUpload(
        _ id: String,
        in name: String,
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        guard let text = target.value("digest") else {
            throw RegistryFailure.digestInvalid("the request names no digest")
        }
        let wanted = try digest(text)
        let complete = try await withUpload(id, in: name) { upload in
            let length = try checkedLength(request, id, in: name, upload)
            try await append(body, to: &upload, length: length)
            return upload
        }
        // A digest that does not match ends the upload, as in docker-registry.
        contents.withLock { _ = $0.uploads.removeValue(forKey: id) }
        do {
            return try await store(complete, as: wanted)
        } catch {
            complete.writer.discard()
            throw error
        }
    }

    /// `DELETE` of an upload.
    func cancelUpload(_ id: String, in name: String) throws -> LocalResponse {
        let upload = try contents.withLock { contents throws(RegistryFailure) in
            let upload = try contents.takeUpload(id, in: name)
            contents.uploads[id] = nil
            return upload
        }
        upload.writer.discard()
        return LocalResponse(.noContent)
    }

    /// Lends an upload to one request; what was written stays, also where the request fails.
    private func withUpload<Value>(
        _ id: String,
        in name: String,
        _ write: (inout RegistryContents.Upload) async throws -> Value
    ) async throws -> Value {
        var upload = try contents.withLock { contents throws(RegistryFailure) in
            try contents.takeUpload(id, in: name)
        }
        do {
            let value = try await write(&upload)
            giveBack(upload, id)
            return value
        } catch {
            giveBack(upload, id)
            throw error
        }
    }

    private func giveBack(_ upload: RegistryContents.Upload, _ id: String) {
        contents.withLock { $0.uploads[id] = .idle(upload) }
    }

    /// The length that `Content-Range` or `Content-Length` announces. Throws 416 where the chunk does not follow on.
    private func checkedLength(
        _ request: HTTPRequest,
        _ id: String,
        in name: String,
        _ upload: RegistryContents.Upload
    ) throws(RegistryFailure) -> Int64? {
        let announced = request.headerFields[.contentLength].flatMap { Int64($0) }
        guard let field = request.headerFields[.contentRange] else { return announced }
        let bare = field.hasPrefix("bytes ") ? field.dropFirst(6) : field[...]
        let bounds = bare.split(separator: "/").first?.split(separator: "-").map { Int64($0) } ?? []
        guard bounds.count == 2, let first = bounds[0], let last = bounds[1], first == upload.writer.size,
            last >= first, last < options.maximumBlobBytes,
            announced.map({ $0 == last - first + 1 }) ?? true
        else {
            let status = accepted(id, in: name, size: upload.writer.size).response.headerFields
            throw RegistryFailure(
                .rangeNotSatisfiable,
                "BLOB_UPLOAD_INVALID",
                "the chunk does not follow on what was uploaded",
                status
            )
        }
        return last - first + 1
    }

    private func append(
        _ body: HTTPBodyChunks,
        to upload: inout RegistryContents.Upload,
        length: Int64?
    ) async throws {
        let start = upload.writer.size
        do {
            for try await chunk in body {
                try upload.writer.append(chunk)
                upload.hash.update(chunk)
            }
        } catch ContentWriter.Failure.tooLarge(let limit) {
            throw RegistryFailure(.contentTooLarge, "SIZE_INVALID", "the blob is larger than \(limit) bytes")
        }
        if let length, upload.writer.size - start != length {
            throw RegistryFailure(.badRequest, "SIZE_INVALID", "the body is shorter than announced")
        }
    }

    /// Verifies the digest, moves the content to its place and makes it visible.
    private func store(_ upload: RegistryContents.Upload, as wanted: Digest) async throws -> LocalResponse {
        var actual = upload.hash.digest
        if wanted.algorithm == .sha512 {
            var hash = DigestHash(.sha512)
            for try await piece in upload.writer.content.chunks() { hash.update(piece) }
            actual = hash.digest
        }
        guard actual == wanted else {
            throw RegistryFailure.digestInvalid("provided digest did not match uploaded content")
        }
        let content = try archive?.keep(upload.writer.content, as: wanted) ?? upload.writer.content
        contents.withLock { contents in
            contents.blobs[wanted] = content
            contents.link(wanted, to: upload.repository)
        }
        try archive?.save(upload.repository, from: contents)
        return created(wanted, in: upload.repository)
    }

    private func newWriter() throws -> ContentWriter {
        try ContentWriter(folder: archive?.folder, limit: options.maximumBlobBytes)
    }

    private func created(_ digest: Digest, in name: String) -> LocalResponse {
        LocalResponse(
            .created,
            [.location: "/v2/\(name)/blobs/\(digest)", .dockerContentDigest: digest.description]
        )
    }

    private func accepted(_ id: String, in name: String, size: Int64) -> LocalResponse {
        LocalResponse(
            .accepted,
            [
                .location: "/v2/\(name)/blobs/uploads/\(id)", .dockerUploadUUID: id,
                .range: "0-\(max(size - 1, 0))",
            ]
        )
    }
}
