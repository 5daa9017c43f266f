import Artifacts
import Crypto
public import HTTPTransport
import HTTPTypes
import JSON

/// The files of one model version behind an MLflow server (`mlflow-artifacts:`), as a store whose keys are their paths.
///
/// The server tells names and sizes, and neither checksums nor times that would mean the files: it may fetch them from
/// elsewhere for each answer. So entity tags here are made of the registration of the version, of its description in
/// `MLmodel`, which each logging writes anew, and of the size. What is overwritten in place behind MLflow's back, with as
/// many bytes and the same description, is not noticed.
public struct MLflowArtifacts: ObjectStore {
    private let server: MLflowServer
    private let path: String
    private let version: MLflowModelVersion
    /// What entity tags begin with.
    private var mark: String

    /// The most folders that are listed of one version.
    private static let maximumFolders = 10_000
    private static let maximumListing = 16 << 20
    private static let maximumDescription = 1 << 20
    private static let root = "/api/2.0/mlflow-artifacts/artifacts"

    /// The files of `version` at `path`. Reads its description, where it has one.
    public init(
        _ server: MLflowServer,
        path: String,
        version: MLflowModelVersion
    ) async throws(ObjectStoreError) {
        self.server = server
        self.path = path
        self.version = version
        mark = version.mark
        guard let description = try await head("MLmodel"), description.size <= Int64(Self.maximumDescription) else {
            return
        }
        let bytes = try await bytes(
            of: "MLmodel",
            upTo: Self.maximumDescription,
            condition: .same(as: description)
        ).bytes
        mark += "." + Array(SHA256.hash(data: bytes)).prefix(16).hexadecimal
    }

    /// The model and its version.
    public var location: String { "models:/\(version.model.clipped)/\(version.version)" }

    /// Lists folder by folder. A delimiter is not supported, and versions do not exist.
    public func list(
        _ request: ListRequest,
        _ each: (ListingEntry) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError) {
        var folders = [""]
        var listed = 0
        var count = 0
        while let folder = folders.popLast() {
            guard !Task.isCancelled else { throw .cancelled(at: location) }
            listed += 1
            guard listed <= Self.maximumFolders else {
                throw ObjectStoreError(.tooLarge, "\(location): more than \(Self.maximumFolders) folders")
            }
            for (name, size) in try await entries(of: folder) {
                let key = folder + name
                guard let size else {
                    // A folder that cannot hold what is asked for is not looked into.
                    let inside = key + "/"
                    guard inside.hasPrefix(request.prefix) || request.prefix.hasPrefix(inside) else { continue }
                    folders.append(inside)
                    continue
                }
                guard key.hasPrefix(request.prefix) else { continue }
                count += 1
                guard count <= request.maximumEntries else {
                    throw ObjectStoreError(.tooLarge, "\(location): more than \(request.maximumEntries) files")
                }
                if try each(.object(info(key, size))) == .stop { return }
            }
        }
    }

    /// The names in a folder, with the sizes of those that are files.
    private func entries(of folder: String) async throws(ObjectStoreError) -> [(name: String, size: Int64?)] {
        let place = "\(location)/\(folder.clipped)"
        let whole = ([path, String(folder.dropLast())].filter { !$0.isEmpty }).joined(separator: "/")
        let answer = try await server.json(Self.root, [("path", whole)], at: place, upTo: Self.maximumListing)
        var entries: [(name: String, size: Int64?)] = []
        for file in answer?["files"]?.array ?? [] {
            // A name only, and never a way out: it becomes part of the next request.
            guard let name = file["path"]?.string, !name.contains("/"), SafePath.isSafe(name) else {
                throw ObjectStoreError(
                    .malformedAnswer,
                    "\(place): the listing holds something that is no name of a file"
                )
            }
            if file["is_dir"]?.bool == true {
                entries.append((name, nil))
                continue
            }
            // An empty file has no size in the answer. Numbers of 64 bits may be text.
            let told = file["file_size"]
            let size = told == nil ? 0 : told?.integer ?? told?.string.flatMap { Int64($0) } ?? -1
            guard size >= 0 else { throw ObjectStoreError(.malformedAnswer, "\(place): a file has no size") }
            entries.append((name, size))
        }
        return entries
    }

    /// Looks for the file in the listing of its folder: the server has no request for one alone.
    public func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo? {
        let slash = key.lastIndex(of: "/")
        let folder = slash.map { String(key[...$0]) } ?? ""
        let name = slash.map { String(key[key.index(after: $0)...]) } ?? key
        let entry = try await entries(of: folder).first { $0.name == name }
        guard let size = entry?.size else { return nil }
        return info(key, size)
    }

    /// A `GET` with a `Range`, which only newer servers obey: what others send before it is dropped.
    ///
    /// The condition has to be that of a listing: the size in it tells the end of an answer that does not say its length.
    public func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let place = "\(location)/\(key.clipped)"
        guard SafePath.isSafe(key) else { throw ObjectStoreError(.configuration, "\(place): is no name of a file") }
        let known: ObjectInfo?
        if let etag = condition.etag {
            known = size(in: etag).map { info(key, $0) }
        } else {
            known = try await head(key)
        }
        guard let known else {
            throw condition.isNone
                ? ObjectStoreError(.objectNotFound, "\(place): there is no such file")
                : ObjectStoreError(.preconditionFailed, "\(place): the version was registered anew since it was listed")
        }
        let end = min(range?.upperBound ?? known.size, known.size)
        let start = range?.lowerBound ?? 0
        let whole = [path, key].filter { !$0.isEmpty }.joined(separator: "/")
        let target = "\(Self.root)/\(HTTPURL.encode(whole, keepingSlashes: true))"
        let headers: HTTPFields =
            try range == nil
            ? [:] : .reading(range, .none, rangeField: .range, at: place)
        return try await server.channel.exchange(at: place, repeatable: false) { () throws(ObjectStoreError) in
            server.request(target, query: nil, headers)
        } judge: { refusal -> Verdict<Value> in
            guard refusal.status == 404 else { return .error(refusal.mlflowError(at: place)) }
            return .error(ObjectStoreError(.preconditionFailed, "\(place): the file that was listed is gone"))
        } consume: { response, chunks in
            let isPart = response.status.code == 206
            let told = response.headerFields[.contentLength].flatMap { Int64($0) }
            if let told, told != (isPart ? end - start : known.size) {
                throw ObjectStoreError(.preconditionFailed, "\(place): the file has another size than was listed")
            }
            if isPart {
                let place = response.headerFields[.contentRange].flatMap(ObjectBody.contentRange)
                guard range != nil, place?.0 == start..<end, place?.1 == known.size else {
                    throw ObjectStoreError(
                        .malformedAnswer,
                        "\(location): the answer has another range than was asked for"
                    )
                }
            }
            let first = isPart ? start : 0
            let body = Passage(first: first, from: start, upTo: end, size: isPart ? end : known.size)
            return try await consume(known, body.chunks(chunks, at: place))
        }
    }

    private func info(_ key: String, _ size: Int64) -> ObjectInfo {
        ObjectInfo(
            key: key,
            size: size,
            modified: Timestamp(microseconds: version.createdAt.multipliedReportingOverflow(by: 1000).partialValue),
            etag: "\(mark)-\(size)"
        )
    }

    /// The size in an entity tag of this version; nil where it is of another.
    private func size(in etag: String) -> Int64? {
        let mark = mark + "-"
        guard etag.hasPrefix(mark) else { return nil }
        return Int64(etag.dropFirst(mark.count)).flatMap { $0 >= 0 ? $0 : nil }
    }
}

/// A part of a body, which has to have exactly the size that is known.
private struct Passage: Sendable {
    /// Where the body begins in the file.
    var first: Int64
    /// Where what is wanted begins, and where it ends.
    var from: Int64
    var upTo: Int64
    /// Where the body has to end.
    var size: Int64

    func chunks(_ chunks: HTTPBodyChunks, at place: String) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var source = chunks.makeAsyncIterator()
            var position = first
            return {
                while true {
                    let next: [UInt8]?
                    do { next = try await source.next() } catch { throw ObjectStoreError(any: error, at: place) }
                    guard let chunk = next else {
                        guard position == size else {
                            throw ObjectStoreError(.transport, "\(place): ended at \(position) of \(size) bytes")
                        }
                        return nil
                    }
                    let start = position
                    position += Int64(chunk.count)
                    guard position <= size else {
                        throw ObjectStoreError(.preconditionFailed, "\(place): more than \(size) bytes came")
                    }
                    let low = max(from - start, 0)
                    let high = min(upTo - start, Int64(chunk.count))
                    if low == 0, high == Int64(chunk.count) { return chunk }
                    if low < high { return Array(chunk[Int(low)..<Int(high)]) }
                }
            }
        }
    }
}
