import Artifacts
import CloudIdentity
public import HTTPTransport
public import ModelAppAPI
import ObjectStorage
import Synchronization

/// Brings the bytes of one model version into a folder, all of them or none.
///
/// Lists the version again and recomputes its digest before the first byte is read; another digest ends the fetch with
/// `ModelBytesGone`, never with newer bytes. Every read carries the condition of the listing (`If-Match`, version id)
/// and is checked against the checksum that the manifest or the store keeps. A connection that ends early is picked up
/// where it ended, in the same process or in the next one. The folder appears by one rename, so that a reader sees the
/// whole model or none; one that is there already is recognised without asking the store.
public struct ModelFetcher: Sendable {
    /// What is fetched.
    public struct Order: Sendable {
        /// The store and the rules, as the ModelApp has them, without credentials.
        public var source: ModelSource
        /// The version's name.
        public var version: String
        /// The digest that the release was made with.
        public var digest: String
        /// The folder that appears. Its parent is made where it is missing, and must be writable.
        public var folder: String
        /// The most bytes that the model may have; nil for no limit.
        public var sizeLimit: Int64?

        /// The version ids of objects that are overwritten in place, by their names; empty for whatever is there now.
        public var objectVersions: [String: String] = [:]

        /// What says which files the version has; nil where the store does.
        public var proof: ModelProof?

        /// Whose identity opens the store, the one of this process; nil where keys open it, or nothing.
        public var identity: CloudProvider?

        /// What tells the folder apart from another: the digest, and with an artifact also which of its files are wanted,
        /// of which its digest says nothing.
        var mark: String {
            let globs = source.includeFiles.map { "+\($0)" } + source.excludeFiles.map { "-\($0)" }
            return source.oci == nil || globs.isEmpty ? digest : "\(digest) \(globs.joined(separator: " "))"
        }

        /// An order of its parts.
        public init(source: ModelSource, version: String, digest: String, folder: String, sizeLimit: Int64? = nil) {
            self.source = source
            self.version = version
            self.digest = digest
            self.folder = folder
            self.sizeLimit = sizeLimit
        }
    }

    /// Why nothing was fetched.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One CamelCase word for programs: `ModelBytesGone`, `UnsafeName`, `DiskFull`.
        public var reason: String
        /// For people.
        public var message: String
        /// Whether the same again may succeed with nothing changed by anybody.
        var isTransient = false
        /// How long the store asks to wait.
        var retryAfter: Duration?

        /// Reason and message.
        public var description: String { "\(reason): \(message)" }

        static let interrupted = "what is there stays; run again, and it continues"

        init(_ reason: String, _ message: String, isTransient: Bool = false, retryAfter: Duration? = nil) {
            self.reason = reason
            self.message = message
            self.isTransient = isTransient
            self.retryAfter = retryAfter
        }
    }

    let access: SourceAccess
    let time: TimeSource
    private let interval: Duration
    private let report: @Sendable (FetchReport) -> Void
    /// Files that are read side by side: one connection of a blob store is slower than most networks.
    private static let filesAtOnce = 4

    /// A fetcher that reports how far it is, at most once each `interval`.
    public init(
        access: SourceAccess,
        time: TimeSource,
        reportingEvery interval: Duration,
        _ report: @escaping @Sendable (FetchReport) -> Void
    ) {
        self.access = access
        self.time = time
        self.interval = interval
        self.report = report
    }

    /// Fetches a version.
    ///
    /// Cancelled, it throws `Cancelled` and leaves what it has, for the next attempt to continue.
    /// - Parameters:
    ///   - keys: the values of the Secret that the source's keys came from, by their names.
    ///   - trust: which certificates of the store are trusted.
    public func fetch(_ order: Order, keys: [String: String], trust: TLSTrust = .system) async throws(Failure) {
        let folder = try ModelFolder(order.folder)
        if folder.holds(order.mark) {
            report(.line("\(order.folder) already holds \(order.version), \(order.digest)"))
            return
        }
        let origin: ModelOrigin
        do throws(ScanFailure) {
            let opener = try access.opener(order.identity, keys)
            origin = try await ModelOrigin.open(
                order.source,
                opener: opener,
                trust: (trust, "command line"),
                endpoints: access.allowedEndpoints,
                access: access,
                time: time
            )
        } catch {
            throw Failure(error)
        }
        let retry = FetchRetry(time: time, random: access.random, report: report)
        let (files, reader) = try await retry.run { () async throws(Failure) in
            try await ModelFile.list(order, in: origin)
        }
        let total = files.reduce(into: Int64(0)) { $0 += $1.info.size }
        if let limit = order.sizeLimit, total > limit {
            throw Failure(
                "TooLarge",
                "version \(order.version.clipped) has \(ByteCount(total)), more than the limit of \(ByteCount(limit)); "
                    + "raise spec.delivery.fetch.sizeLimit"
            )
        }
        let progress = ProgressMeter(
            FetchProgress(version: order.version, files: files.count, bytes: total, interval: interval, at: time.now),
            time: time,
            report: report
        )
        let staging = try folder.stage(digest: order.mark)
        defer { staging.close() }
        try staging.requireSpace(for: files)
        try await transfer(files, reader, staging, retry, progress)
        try staging.publish(files)
        progress.finish()
        report(.line("complete: \(order.folder) holds \(order.digest)"))
    }

    private func transfer(
        _ files: [ModelFile],
        _ store: any ObjectReader,
        _ staging: StagingFolder,
        _ retry: FetchRetry,
        _ progress: ProgressMeter
    ) async throws(Failure) {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var rest = files[...]
                for _ in 0..<Self.filesAtOnce {
                    guard let file = rest.popFirst() else { break }
                    group.addTask {
                        try await FileTransfer(file, from: store, into: staging, retry: retry, progress: progress).run()
                    }
                }
                while try await group.next() != nil {
                    guard let file = rest.popFirst() else { continue }
                    group.addTask {
                        try await FileTransfer(file, from: store, into: staging, retry: retry, progress: progress).run()
                    }
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("Cancelled", Failure.interrupted)
        }
    }
}

extension ModelFetcher.Failure {
    init(_ error: ScanFailure) {
        self.init(
            error.isCancelled ? "Cancelled" : error.reason,
            error.isCancelled ? Self.interrupted : error.message,
            isTransient: error.isTransient,
            retryAfter: error.retryAfter
        )
    }

    init(_ error: ObjectStoreError) {
        let failure = ScanFailure(error)
        let isGone = error.code == .preconditionFailed || error.code == .objectNotFound
        self.init(
            isGone ? "ModelBytesGone" : failure.reason,
            error.code == .cancelled ? Self.interrupted : error.message,
            isTransient: error.isTransient,
            retryAfter: error.retryAfter
        )
    }
}
