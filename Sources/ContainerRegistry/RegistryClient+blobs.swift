public import Artifacts
public import HTTPTransport
import HTTPTypes

extension RegistryClient {
    /// Lends the content of a blob to `body`, chunk by chunk.
    ///
    /// Guarantees: a stream that ends without an error had the digest, and the size where that is given; a consumer
    /// that stops earlier gets no such word. Nothing is retried once `body` runs. Throws `RegistryError` (`.notFound`
    /// for a blob that is not there, `.tooLarge` past `limit`) and whatever `body` throws.
    /// - Parameters:
    ///   - size: the size of the descriptor, where there is one.
    ///   - limit: the most bytes to read.
    public func withBlob<Value: Sendable>(
        _ repository: ImageReference,
        _ digest: Digest,
        size: Int64? = nil,
        limit: Int64,
        _ body: (HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var call = try blobCall(repository, digest)
        call.isRepeatable = false
        let subject = call.subject
        return try await exchange(call) { _, chunks in
            try await body(chunks.named(subject).verified(digest, size: size, limit: limit, about: subject))
        }
    }

    /// Lends what a blob has from `offset` on to `body`.
    ///
    /// Guarantees: a stream that ends without an error brought exactly what is missing to `size`. It is not verified: the
    /// digest is over the whole, of which the caller has the beginning. A registry that ignores the range is read from its
    /// start, and the bytes before `offset` are dropped. Nothing is retried once `body` runs. Throws as `withBlob` does.
    /// - Parameter size: the size of the descriptor.
    public func withBlob<Value: Sendable>(
        _ repository: ImageReference,
        _ digest: Digest,
        from offset: Int64,
        size: Int64,
        _ body: (HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var call = try blobCall(repository, digest)
        guard offset >= 0, offset < size else {
            throw RegistryError(.rejected, "\(call.subject): has \(size) bytes, and none from \(offset) on")
        }
        call.isRepeatable = false
        call.headers[.range] = "bytes=\(offset)-"
        let subject = call.subject
        return try await exchange(call) { response, chunks in
            let chunks = chunks.named(subject)
            guard response.status.code == 206 else {
                return try await body(chunks.counted(dropping: offset, upTo: size, about: subject))
            }
            let range = response.headerFields[.contentRange] ?? ""
            guard range.hasPrefix("bytes \(offset)-"), range.hasSuffix("/\(size)") || range.hasSuffix("/*") else {
                throw RegistryError(.malformedAnswer, "\(subject): another range came than was asked for")
            }
            return try await body(chunks.counted(dropping: 0, upTo: size - offset, about: subject))
        }
    }

    /// A blob in memory, verified; nil where it is not there.
    /// - Parameter limit: the most bytes to read.
    public func blob(
        _ repository: ImageReference,
        _ digest: Digest,
        size: Int64? = nil,
        limit: Int
    ) async throws(RegistryError) -> [UInt8]? {
        var call = try blobCall(repository, digest)
        call.accepted = [404]
        let sent = call
        return try await typed(call.subject) {
            try await exchange(sent) { response, chunks in
                if response.status.code == 404 { return nil }
                return try await chunks.verified(digest, size: size, limit: Int64(limit), about: sent.subject)
                    .collect(upTo: limit)
            }
        }
    }

    private func blobCall(_ repository: ImageReference, _ digest: Digest) throws(RegistryError) -> RegistryCall {
        let endpoint = try endpoint(repository)
        let path = HTTPURL.encode(repository.repository, keepingSlashes: true)
        return RegistryCall(
            endpoint: endpoint,
            reference: repository,
            url: endpoint.url(path: "/v2/\(path)/blobs/\(digest)"),
            subject: "blob \(digest.short) of \(repository.name)"
        )
    }
}

extension HTTPBodyChunks {
    /// The same chunks; the end is an error where the content is not what the digest says.
    func verified(_ digest: Digest, size: Int64?, limit: Int64, about subject: String) -> HTTPBodyChunks {
        let most = Swift.min(limit, size ?? limit)
        return HTTPBodyChunks {
            var iterator = self.makeAsyncIterator()
            var content = ContentDigest(digest.algorithm)
            return {
                guard let chunk = try await iterator.next() else {
                    guard content.matches(digest), size == nil || size == content.count else {
                        throw RegistryError(
                            .digestMismatch,
                            "\(subject): the \(content.count) bytes that came are other content"
                        )
                    }
                    return nil
                }
                guard Int64(chunk.count) <= most - content.count else {
                    throw RegistryError(.tooLarge, "\(subject): larger than \(most) bytes")
                }
                content.update(chunk)
                return chunk
            }
        }
    }

    /// The chunks without their first `dropped` bytes; another number of bytes than `size` in all is an error.
    func counted(dropping dropped: Int64, upTo size: Int64, about subject: String) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = self.makeAsyncIterator()
            var count: Int64 = 0
            return {
                while let chunk = try await iterator.next() {
                    let start = count
                    count += Int64(chunk.count)
                    guard count <= size else {
                        throw RegistryError(.digestMismatch, "\(subject): more than \(size) bytes came")
                    }
                    if start >= dropped { return chunk }
                    if count > dropped { return Array(chunk.dropFirst(Int(dropped - start))) }
                }
                guard count == size else {
                    throw RegistryError(.transport, "\(subject): ended after \(count) of \(size) bytes")
                }
                return nil
            }
        }
    }

    /// The same chunks with the network's failures told as this module's, so that a consumer which talks to the
    /// network itself can tell them from its own.
    func named(_ subject: String) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = self.makeAsyncIterator()
            return {
                do {
                    return try await iterator.next()
                } catch let error as HTTPTransportError {
                    throw RegistryError(transport: error, about: subject)
                }
            }
        }
    }
}
