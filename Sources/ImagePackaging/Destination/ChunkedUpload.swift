import Artifacts
import ContainerRegistry
import ObjectStorage

/// Brings bytes into a repository as they come, in constant memory: while one chunk is sent, the next one is filled.
///
/// What fits into one chunk is sent in one piece.
struct ChunkedUpload: Sendable {
    let client: RegistryClient
    let repository: ImageReference

    /// Uploads what `produce` gives to its argument.
    ///
    /// Throws `PackagingError`, or whatever `produce` throws; nothing is in the repository then.
    /// - Parameters:
    ///   - size: how many bytes will come.
    ///   - session: an upload that is open already.
    func run(
        size: Int64,
        session: BlobUpload? = nil,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws -> Digest {
        if size <= Int64(client.limits.uploadChunkBytes) {
            return try await inOnePiece(session, produce)
        }
        let upload = try await open(session)
        let (digest, finished) = try await inChunks(upload, produce)
        guard finished.size == size else {
            throw PackagingError(.wrongContent, "\(finished.size) bytes came, and \(size) were announced")
        }
        try await failing { () async throws(RegistryError) in try await client.finish(finished, as: digest) }
        return digest
    }

    private func open(_ session: BlobUpload?) async throws(PackagingError) -> BlobUpload {
        if let session { return session }
        return try await failing { () async throws(RegistryError) in try await client.startUpload(repository) }
    }

    private func inOnePiece(
        _ session: BlobUpload?,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws -> Digest {
        var bytes: [UInt8] = []
        try await produce { bytes += $0 }
        let digest = try Self.digest(ContentDigest.of(bytes))
        let whole = bytes
        try await failing { () async throws(RegistryError) in
            if let session {
                try await client.finish(session, as: digest, rest: whole)
            } else {
                try await client.upload(whole, as: digest, to: repository)
            }
        }
        return digest
    }

    private func inChunks(
        _ upload: BlobUpload,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws -> (Digest, BlobUpload) {
        let client = client
        let chunkSize = max(client.limits.uploadChunkBytes, upload.minimumChunk)
        return try await withThrowingTaskGroup(of: BlobUpload.self) { group in
            var content = ContentDigest()
            var chunk: [UInt8] = []
            chunk.reserveCapacity(chunkSize)
            var idle: BlobUpload? = upload
            try await produce { bytes in
                content.update(bytes)
                // To the byte: one more than was reserved, and the array doubles.
                var rest = bytes[...]
                while rest.count >= chunkSize - chunk.count {
                    let missing = chunkSize - chunk.count
                    chunk += rest.prefix(missing)
                    rest = rest.dropFirst(missing)
                    let ready = try await Self.settled(&idle, &group)
                    let full = chunk
                    chunk = []
                    chunk.reserveCapacity(chunkSize)
                    group.addTask { try await Self.appended(full, to: ready, by: client) }
                }
                chunk += rest
            }
            let last = chunk
            var ended = try await Self.settled(&idle, &group)
            if !last.isEmpty { ended = try await Self.appended(last, to: ended, by: client) }
            return (try Self.digest(content.value), ended)
        }
    }

    /// The upload once nothing is being sent.
    private static func settled(
        _ idle: inout BlobUpload?,
        _ group: inout ThrowingTaskGroup<BlobUpload, any Error>
    ) async throws -> BlobUpload {
        if let upload = idle {
            idle = nil
            return upload
        }
        guard let upload = try await group.next() else { throw CancellationError() }
        return upload
    }

    private static func appended(
        _ bytes: [UInt8],
        to upload: BlobUpload,
        by client: RegistryClient
    ) async throws(PackagingError) -> BlobUpload {
        var upload = upload
        do throws(RegistryError) {
            try await client.append(bytes, to: &upload)
        } catch {
            throw PackagingError(error, at: .destination)
        }
        return upload
    }

    private func failing<Value>(
        _ body: () async throws(RegistryError) -> Value
    ) async throws(PackagingError) -> Value {
        do throws(RegistryError) {
            return try await body()
        } catch {
            throw PackagingError(error, at: .destination)
        }
    }

    private static func digest(_ digest: Digest?) throws(PackagingError) -> Digest {
        guard let digest else { throw PackagingError(.wrongContent, "no digest can be computed") }
        return digest
    }
}

extension PackagingError {
    /// The error for anything thrown inside a packaging.
    init(any error: any Error) {
        switch error {
        case let error as PackagingError: self = error
        case is CancellationError: self.init(.cancelled, "cancelled")
        case let error as RegistryError: self.init(error, at: .destination)
        case let error as ObjectStoreError: self.init(store: error)
        default: self.init(.destination, "the upload failed", cause: error)
        }
    }
}
