import Artifacts
public import HTTPTransport

/// Keys with bytes behind them, read only, whether or not they can be listed.
public protocol ObjectReader: Sendable {
    /// Where this is, for messages: `s3://bucket` or the container's URL. Holds no credential.
    var location: String { get }

    /// What is stored under `key`; nil where nothing is. With `version`, that version.
    ///
    /// An answer of 404 to a head has no body on S3: a missing bucket looks like a missing object there.
    func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo?

    /// Lends the bytes of `key` to `consume`.
    ///
    /// The stream ends only after exactly the announced count; otherwise it throws `transport` or `malformedAnswer`.
    /// `info` describes the whole object, also for a range.
    /// - Parameters:
    ///   - range: the bytes wanted; may end past the object, may not start there.
    ///   - condition: what the bytes must be; `preconditionFailed` where they were overwritten or deleted.
    /// - Throws: `ObjectStoreError`, and whatever `consume` throws.
    func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value
}

/// One container or bucket: a flat set of keys with bytes behind them, read only.
///
/// Guarantees of every implementation: answers are bounded and checked as hostile input; a read delivers exactly the
/// announced bytes or throws; credentials go to the configured endpoint only and no redirect is followed (S3's answer
/// that names another region is obeyed once); requests are repeated as the `StorageChannel` says, never after the caller
/// has seen a byte.
public protocol ObjectStore: ObjectReader {
    /// Lends every entry to `each`, in the store's order, page by page; memory does not grow with the listing.
    ///
    /// A listing counts only once this returns: entries already lent are void if it throws. A container that does not
    /// exist throws `containerNotFound`; an empty prefix lends nothing.
    func list(
        _ request: ListRequest,
        _ each: (ListingEntry) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError)
}

extension ObjectStore {
    /// Lends every object below `prefix` to `each`.
    public func list(
        prefix: String,
        _ each: (ObjectInfo) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError) {
        try await list(ListRequest(prefix: prefix)) { entry throws(ObjectStoreError) in
            guard case .object(let info) = entry else { return .continue }
            return try each(info)
        }
    }
}

extension ObjectReader {
    /// What is stored under `key` now; nil where nothing is.
    public func head(_ key: String) async throws(ObjectStoreError) -> ObjectInfo? {
        try await head(key, version: nil)
    }

    /// The whole of a small object: a marker, a pointer, a manifest. Throws `tooLarge` past `limit` bytes, before
    /// reading them where the size is known.
    public func bytes(
        of key: String,
        upTo limit: Int,
        condition: ReadCondition = .none
    ) async throws(ObjectStoreError) -> (info: ObjectInfo, bytes: [UInt8]) {
        let place = "\(location)/\(key.clipped)"
        do {
            let content = try await read(key, range: nil, condition: condition) { info, chunks in
                guard info.size <= Int64(limit) else {
                    throw ObjectStoreError(
                        .tooLarge,
                        "\(place) has \(info.size) bytes, more than the \(limit) that are read here"
                    )
                }
                return WholeObject(info: info, bytes: try await chunks.collect(upTo: limit))
            }
            return (content.info, content.bytes)
        } catch {
            throw ObjectStoreError(any: error, at: place)
        }
    }
}

/// An object in memory.
private struct WholeObject: Sendable {
    var info: ObjectInfo
    var bytes: [UInt8]
}
