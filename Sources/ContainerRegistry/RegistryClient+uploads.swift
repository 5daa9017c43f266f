public import Artifacts
import HTTPTransport
import HTTPTypes

/// Bringing blobs into a repository: taken over, in one piece, or in chunks.
extension RegistryClient {
    /// How long one chunk may take: 8 MiB at 30 KiB/s.
    private static let chunkTimeouts = HTTPTimeouts(head: .seconds(300), idleRead: .seconds(30))
    /// How long the end of an upload may take: some registries read the whole blob once more.
    private static let commitTimeouts = HTTPTimeouts(head: .seconds(900), idleRead: .seconds(30))
    /// The largest chunk that a registry may insist on.
    private static let largestChunk = 32 << 20
    /// How often one chunk or one end of an upload is tried.
    private static let uploadAttempts = 5

    /// Whether a repository has a blob. A redirect to the store behind the registry counts as a yes.
    public func hasBlob(_ repository: ImageReference, _ digest: Digest) async throws(RegistryError) -> Bool {
        var call = try uploadCall(repository, path: "blobs/\(digest)", "blob \(digest.short)")
        call.method = .head
        call.action = .push
        call.accepted = [404, 301, 302, 303, 307, 308]
        let sent = call
        return try await typed(call.subject) {
            try await exchange(sent) { response, _ in response.status.code != 404 }
        }
    }

    /// Takes a blob over from another repository of the same registry, without its bytes.
    ///
    /// A registry that does not find it there, or does not let the credentials read it, opens an upload instead.
    public func mountBlob(
        _ repository: ImageReference,
        _ digest: Digest,
        from source: ImageReference
    ) async throws(RegistryError) -> BlobMount {
        var call = try uploadCall(repository, path: "blobs/uploads/", "blob \(digest.short)")
        call.mountSource = source
        call.url.query = HTTPURL.query([("mount", digest.description), ("from", source.repository)])
        do throws(RegistryError) {
            return try await start(call)
        } catch {
            // Whoever may push here but not read there still can bring the bytes.
            guard error.isRefusal else { throw error }
            return .upload(try await startUpload(repository))
        }
    }

    /// Opens an upload.
    public func startUpload(_ repository: ImageReference) async throws(RegistryError) -> BlobUpload {
        let call = try uploadCall(repository, path: "blobs/uploads/", "upload")
        guard case .upload(let upload) = try await start(call) else {
            throw RegistryError(.malformedAnswer, "\(call.subject): the registry has a blob that nobody named")
        }
        return upload
    }

    private func start(_ call: RegistryCall) async throws(RegistryError) -> BlobMount {
        var call = call
        call.method = .post
        call.headers[.contentLength] = "0"
        let sent = call
        return try await typed(call.subject) {
            try await exchange(sent) { response, _ in
                if response.status.code == 201 { return .mounted }
                let minimum = HTTPField.Name("OCI-Chunk-Min-Length").flatMap { response.headerFields[$0] }
                return .upload(
                    BlobUpload(
                        sent.reference,
                        location: try sent.endpoint.uploadLocation(response, after: sent.url),
                        minimumChunk: min(minimum.flatMap(Int.init) ?? 0, Self.largestChunk)
                    )
                )
            }
        }
    }

    /// Adds a chunk to an upload.
    ///
    /// After a cut the registry is asked how much it has, and gets the rest. Throws `.uploadLost` where it does not
    /// know the upload any more: then it has to begin anew.
    public func append(_ bytes: [UInt8], to upload: inout BlobUpload) async throws(RegistryError) {
        let start = upload.size
        let end = start + Int64(bytes.count)
        var failures = 0
        while upload.size < end {
            do throws(RegistryError) {
                let before = upload.size
                try await send(bytes, from: start, to: &upload)
                if upload.size > before { failures = 0 } else { try giveUp(&failures, .init(.unavailable, "no bytes")) }
            } catch {
                guard error.isTransient || error.status == 416 else { throw error.asLoss }
                try giveUp(&failures, error)
                try await pause(failures, asked: error.retryAfter)
                try await look(at: &upload, from: start, to: end)
            }
        }
    }

    private func giveUp(_ failures: inout Int, _ error: RegistryError) throws(RegistryError) {
        failures += 1
        guard failures < Self.uploadAttempts else { throw error }
    }

    private func send(
        _ bytes: [UInt8],
        from start: Int64,
        to upload: inout BlobUpload
    ) async throws(RegistryError) {
        let rest = bytes[Int(upload.size - start)...]
        var call = try uploadCall(upload.repository, path: "", "upload")
        call.url = upload.location
        call.method = .patch
        call.isRetried = false
        call.timeouts = Self.chunkTimeouts
        call.body = .pieces(rest)
        let end = upload.size + Int64(rest.count)
        call.headers[.contentType] = "application/octet-stream"
        call.headers[.contentRange] = "\(upload.size)-\(end - 1)"
        call.headers[.contentLength] = String(rest.count)
        let sent = call
        let (location, size) = try await typed(call.subject) {
            try await exchange(sent) { response, _ -> (HTTPURL, Int64) in
                let told = response.uploadedBytes ?? end
                return (try sent.endpoint.uploadLocation(response, after: sent.url), told)
            }
        }
        guard size >= upload.size, size <= end else {
            throw RegistryError(.uploadLost, "\(call.subject): the registry has \(size) bytes, \(end) were sent")
        }
        upload.location = location
        upload.size = size
    }

    /// Asks how much the registry has.
    private func look(at upload: inout BlobUpload, from start: Int64, to end: Int64) async throws(RegistryError) {
        var call = try uploadCall(upload.repository, path: "", "upload")
        call.url = upload.location
        let sent = call
        let answer: (HTTPURL, Int64)
        do throws(RegistryError) {
            answer = try await typed(call.subject) {
                try await exchange(sent) { response, _ in
                    let location =
                        response.headerFields[.location] == nil
                        ? sent.url : try sent.endpoint.uploadLocation(response, after: sent.url)
                    return (location, response.uploadedBytes ?? 0)
                }
            }
        } catch {
            throw error.asLoss
        }
        guard answer.1 >= start, answer.1 <= end else {
            throw RegistryError(.uploadLost, "\(call.subject): the registry has \(answer.1) bytes of \(start) at least")
        }
        (upload.location, upload.size) = answer
    }

    /// Ends an upload: from here on the repository has the blob. The registry checks the digest.
    /// - Parameter rest: the bytes that are not there yet; all of them for an upload in one piece.
    public func finish(
        _ upload: BlobUpload,
        as digest: Digest,
        rest: [UInt8] = []
    ) async throws(RegistryError) {
        var call = try uploadCall(upload.repository, path: "", "upload of \(digest.short)")
        call.url = upload.location
        let query = HTTPURL.query([("digest", digest.description)])
        call.url.query = call.url.query.map { $0.isEmpty ? query : $0 + "&" + query } ?? query
        call.method = .put
        call.isRetried = false
        call.timeouts = Self.commitTimeouts
        call.headers[.contentType] = "application/octet-stream"
        call.headers[.contentLength] = String(rest.count)
        call.body = .pieces(rest[...])
        let sent = call
        var failures = 0
        while true {
            do throws(RegistryError) {
                return try await typed(call.subject) { try await exchange(sent) { _, _ in } }
            } catch {
                // Whether it was done is not known: an answer may be lost on the way.
                if error.code != .cancelled, try await hasBlob(upload.repository, digest) { return }
                // Bytes that were taken in part cannot be sent again to the same place.
                guard error.isTransient, rest.isEmpty else { throw error.asLoss }
                try giveUp(&failures, error)
                try await pause(failures, asked: error.retryAfter)
            }
        }
    }

    /// Brings a blob that is in memory into a repository: two requests.
    public func upload(
        _ bytes: [UInt8],
        as digest: Digest,
        to repository: ImageReference
    ) async throws(RegistryError) {
        var failures = 0
        while true {
            do throws(RegistryError) {
                return try await finish(try await startUpload(repository), as: digest, rest: bytes)
            } catch {
                guard error.isTransient || error.code == .uploadLost else { throw error }
                try giveUp(&failures, error)
                try await pause(failures, asked: error.retryAfter)
            }
        }
    }

    private func pause(_ failures: Int, asked: Duration?) async throws(RegistryError) {
        let doubled = transport.retry.base * (1 << min(failures - 1, 5)) * (1 + transport.random())
        do {
            try await transport.time.sleep(for: min(asked ?? doubled, .seconds(30)))
        } catch {
            throw RegistryError(.cancelled, "cancelled while an upload waited")
        }
    }

    private func uploadCall(
        _ repository: ImageReference,
        path: String,
        _ what: String
    ) throws(RegistryError) -> RegistryCall {
        let endpoint = try endpoint(repository)
        let name = HTTPURL.encode(repository.repository, keepingSlashes: true)
        var call = RegistryCall(
            endpoint: endpoint,
            reference: repository,
            url: endpoint.url(path: "/v2/\(name)/\(path)"),
            subject: "\(what) to \(repository.name)"
        )
        call.action = .push
        return call
    }
}

extension RegistryError {
    /// The error of a request within an upload: what the registry does not know any more begins anew.
    fileprivate var asLoss: RegistryError {
        guard
            status == 404 || status == 416 || registryCode == "BLOB_UPLOAD_INVALID"
                || registryCode == "BLOB_UPLOAD_UNKNOWN" || isTransient
        else { return self }
        var error = self
        error.code = .uploadLost
        return error
    }
}

extension HTTPRequestBody {
    /// Bytes in memory, copied on their way piece by piece.
    fileprivate static func pieces(_ bytes: ArraySlice<UInt8>) -> HTTPRequestBody {
        .stream(length: Int64(bytes.count)) {
            HTTPBodyChunks {
                var rest = bytes
                return {
                    guard !rest.isEmpty else { return nil }
                    let piece = Array(rest.prefix(256 << 10))
                    rest = rest.dropFirst(piece.count)
                    return piece
                }
            }
        }
    }
}
