import Artifacts
import ContainerRegistry
import HTTPTransport
import ObjectStorage

/// The blobs of a repository as objects, by keys that say all there is to know of them: `DIGEST/SIZE`.
struct ArtifactBlobs: ObjectReader {
    let client: RegistryClient
    let repository: ImageReference

    /// `oci://registry/repository`.
    var location: String { "oci://\(repository.name)" }

    /// What is known of a layer, as of an object.
    static func info(of layer: ModelArtifact.Layer) -> ObjectInfo {
        ObjectInfo(
            key: "\(layer.digest)/\(layer.size)",
            size: layer.size,
            modified: Timestamp(microseconds: 0),
            etag: layer.digest.description,
            checksum: StoredChecksum(.sha256, hexadecimal: layer.digest.hex)
        )
    }

    func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo? {
        let (info, digest) = try parsed(key)
        do throws(RegistryError) {
            return try await client.hasBlob(repository, digest) ? info : nil
        } catch {
            throw ObjectStoreError(error)
        }
    }

    func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let (info, digest) = try parsed(key)
        guard range.map({ $0.upperBound == info.size }) ?? true else {
            throw ObjectStoreError(.configuration, "\(location): a range ends at the end of the blob")
        }
        do {
            if let start = range?.lowerBound, start > 0 {
                return try await client.withBlob(repository, digest, from: start, size: info.size) { chunks in
                    try await consume(info, Self.typed(chunks))
                }
            }
            return try await client.withBlob(repository, digest, size: info.size, limit: info.size) { chunks in
                try await consume(info, Self.typed(chunks))
            }
        } catch let error as RegistryError {
            throw ObjectStoreError(error)
        }
    }

    /// The chunks, with the failures that readers of stores know.
    private static func typed(_ chunks: HTTPBodyChunks) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = chunks.makeAsyncIterator()
            return {
                do { return try await iterator.next() } catch let error as RegistryError {
                    throw ObjectStoreError(error)
                }
            }
        }
    }

    private func parsed(_ key: String) throws(ObjectStoreError) -> (info: ObjectInfo, digest: Digest) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let digest = try? Digest(String(parts[0])), let size = Int64(parts[1]), size >= 0 else {
            throw ObjectStoreError(.configuration, "\(location): \"\(key.clipped)\" names no blob and its size")
        }
        return (Self.info(of: ModelArtifact.Layer(path: nil, digest: digest, size: size)), digest)
    }
}

extension ObjectStoreError {
    /// The failure of a registry, in the terms of a store.
    init(_ error: RegistryError) {
        let codes: [(RegistryError.Code, Code)] = [
            (.unauthorized, .unauthorized), (.credential, .unauthorized), (.denied, .denied),
            (.notFound, .objectNotFound), (.rateLimited, .throttled), (.unavailable, .unavailable),
            (.digestMismatch, .malformedAnswer), (.malformedAnswer, .malformedAnswer), (.tooLarge, .tooLarge),
            (.insecure, .endpointRefused), (.transport, .transport), (.cancelled, .cancelled),
        ]
        self.init(
            codes.first { $0.0 == error.code }?.1 ?? .rejected,
            error.message,
            retryAfter: error.retryAfter,
            serverCode: error.registryCode,
            underlying: error.underlying
        )
    }
}
