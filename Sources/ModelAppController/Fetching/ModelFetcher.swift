import Artifacts
import Glibc
public import HTTPTransport
import JSON
import KubernetesAPI
public import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// Brings the bytes of one model version into a folder, all of them or none.
///
/// Lists the version again and recomputes its digest before the first byte is read; another digest ends the fetch with
/// `ModelBytesGone`, never with newer bytes. Every read carries the condition of the listing (`If-Match`, version id).
/// A file has its name only once it is whole; what an earlier attempt left is continued where the object is the same.
public struct ModelFetcher: Sendable {
    /// What is fetched.
    public struct Order: Sendable {
        /// The store and the rules, as the ModelApp has them, without credentials.
        public var source: ModelSource
        /// The version's name.
        public var version: String
        /// The digest that the release was made with.
        public var digest: String
        /// The folder that is filled.
        public var folder: String

        /// An order of its parts.
        public init(source: ModelSource, version: String, digest: String, folder: String) {
            self.source = source
            self.version = version
            self.digest = digest
            self.folder = folder
        }
    }

    /// Why nothing was fetched.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One CamelCase word for programs: `ModelBytesGone`, `UnsafeName`, `DiskFull`.
        public var reason: String
        /// For people.
        public var message: String
        /// Reason and message.
        public var description: String { "\(reason): \(message)" }
    }

    private let access: SourceAccess
    private let time: TimeSource
    private let progress: @Sendable (String) -> Void

    /// A fetcher that reports a line now and then.
    public init(access: SourceAccess, time: TimeSource, progress: @escaping @Sendable (String) -> Void) {
        self.access = access
        self.time = time
        self.progress = progress
    }

    /// Fetches a version. `keys` are the values of the Secret that the source's keys came from, by their names.
    public func fetch(_ order: Order, keys: [String: String]) async throws(Failure) {
        let files: [File]
        let store: any ObjectStore
        do throws(ScanFailure) {
            store = try await ModelStore.open(
                order.source,
                keys: keys.isEmpty ? nil : keys,
                trust: .system,
                endpoints: access.allowedEndpoints,
                access: access,
                time: time
            ).store
            files = try await list(order, store)
        } catch {
            throw Failure(reason: error.reason, message: error.message)
        }
        let total = files.reduce(into: Int64(0)) { $0 += $1.info.size }
        progress("fetching \(files.count) files, \(total) bytes, of version \(order.version)")
        var done: Int64 = 0
        for file in files {
            try await fetch(file, store, into: order.folder)
            done += file.info.size
            progress("\(done) of \(total) bytes: \(file.path)")
        }
        progress("complete: \(order.digest)")
    }

    struct File: Sendable {
        var path: String
        var info: ObjectInfo
        /// What the manifest says of it.
        var sha256: String?
    }

    /// The files of the version, if they are still the ones that the release was made with.
    private func list(_ order: Order, _ store: any ObjectStore) async throws(ScanFailure) -> [File] {
        let rules: ObjectSetRules
        var spec = ModelAppSpec()
        spec.model = order.source
        do {
            rules = try SelectionSpec.objectRules(spec)
        } catch {
            throw ScanFailure(reason: "InvalidSource", message: "\(error)")
        }
        var folder = order.source.azureBlob?.prefix ?? order.source.s3?.prefix ?? ""
        if order.source.objects.isEmpty { folder += order.version.hasSuffix("/") ? order.version : order.version + "/" }
        let contents = try await VersionContents.read(store, prefix: folder, rules: rules)
        guard contents.digest == order.digest else {
            throw ScanFailure(
                reason: "ModelBytesGone",
                message:
                    "the store holds \(contents.digest) under \(order.version.clipped), not \(order.digest.clipped) "
                    + "that this release was made with; keep versions, or deliver with Baked or ImageVolume"
            )
        }
        var files: [File] = []
        for (path, info) in contents.files.sorted(by: { $0.key < $1.key }) {
            guard SafePath.isSafe(path) else {
                throw ScanFailure(reason: "UnsafeName", message: "\"\(path.clipped)\" is no name below a folder")
            }
            files.append(File(path: path, info: info, sha256: contents.checksums[path]))
        }
        return files
    }

    private func fetch(_ file: File, _ store: any ObjectStore, into folder: String) async throws(Failure) {
        let target = "\(folder)/\(file.path)"
        let partial = PartialFile(target: target, identity: "\(file.info.etag ?? "") \(file.info.versionID ?? "")")
        if partial.isComplete(size: file.info.size) { return }
        do {
            var offset = try partial.open()
            if offset > file.info.size {
                try partial.truncate()
                offset = 0
            }
            defer { partial.close() }
            if offset < file.info.size {
                let range = offset > 0 ? offset..<file.info.size : nil
                try await store.read(file.info.key, range: range, condition: .same(as: file.info)) { _, chunks in
                    for try await chunk in chunks { try partial.write(chunk) }
                }
            }
            try partial.commit(size: file.info.size, sha256: file.sha256)
        } catch let error as ObjectStoreError {
            let failure = ScanFailure(error)
            let isGone = failure.reason == "BytesChanged" || failure.reason == "ObjectNotFound"
            throw Failure(reason: isGone ? "ModelBytesGone" : failure.reason, message: error.message)
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(reason: "FetchFailed", message: "\(file.path.clipped): \(error)")
        }
    }
}

/// Names of objects that may become names of files.
enum SafePath {
    /// Whether `path` stays below its folder: relative, no empty, `.` or `..` part, no control character, no part
    /// longer than a file system takes.
    static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C })
        else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 240
        }
    }
}
