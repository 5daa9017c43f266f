import Artifacts
public import HTTPTransport
public import ObjectStorage

/// Reads the files of a model, each byte once, and refuses any that is not what it was when it was listed.
///
/// A read that breaks off goes on where it stopped, under the same condition.
public struct ModelReader: Sendable {
    /// Where the files are.
    public let store: any ObjectReader
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let report: @Sendable (Int) -> Void

    /// How often in a row a read may fail without bringing a byte.
    private static let attempts = 6
    /// The first wait; doubled for each further failure in a row.
    private static let base = Duration.milliseconds(500)

    /// A reader.
    /// - Parameters:
    ///   - random: a number in 0..<1 for jitter.
    ///   - report: told of bytes that were read.
    public init(
        _ store: any ObjectReader,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        report: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.store = store
        self.time = time
        self.random = random
        self.report = report
    }

    /// Gives the bytes of `file` to `sink`. Throws `PackagingError`, and whatever `sink` throws.
    func read(_ file: ModelContents.File, to sink: ([UInt8]) async throws -> Void) async throws {
        var progress = Progress(file)
        var failures = 0
        while !progress.isDone {
            let before = progress.count
            do {
                try await read(file, &progress, sink)
                // Of an empty file the store is asked once, so that one which grew meanwhile is found out.
                progress.isAnswered = true
            } catch let error as ObjectStoreError {
                failures = progress.count > before ? 1 : failures + 1
                guard error.isTransient, failures < Self.attempts else { throw PackagingError(store: error) }
                let pause = Self.base * (1 << min(failures - 1, 6)) * (1 + random())
                try await time.sleep(for: min(error.retryAfter ?? pause, .seconds(30)))
            }
        }
        try progress.verify()
    }

    private func read(
        _ file: ModelContents.File,
        _ progress: inout Progress,
        _ sink: ([UInt8]) async throws -> Void
    ) async throws {
        let size = file.info.size
        let range = progress.count > 0 ? progress.count..<size : nil
        var reached = progress
        defer { progress = reached }
        try await store.read(file.info.key, range: range, condition: .same(as: file.info)) { info, chunks in
            // A store without entity tags takes no condition: its answer has to be the object that was listed.
            let isSame =
                info.etag == nil || file.info.etag == nil
                ? info.modified.seconds == file.info.modified.seconds : info.etag == file.info.etag
            guard info.size == size, isSame else { throw Self.changed(file) }
            reached.expect(info.checksum)
            for try await chunk in chunks where !chunk.isEmpty {
                guard Int64(chunk.count) <= size - reached.count else { throw Self.changed(file) }
                reached.add(chunk)
                report(chunk.count)
                try await sink(chunk)
            }
        }
    }

    private static func changed(_ file: ModelContents.File) -> PackagingError {
        PackagingError(.modelChanged, "\(file.path.clipped) was overwritten while it was read; nothing was made of it")
    }

    /// How far a file is, and what its bytes come to.
    private struct Progress {
        private let file: ModelContents.File
        private var wanted: StoredChecksum?
        private var running: RunningChecksum?
        private(set) var count: Int64 = 0
        var isAnswered = false

        init(_ file: ModelContents.File) {
            self.file = file
            expect(file.checksum ?? file.info.checksum)
        }

        var isDone: Bool { count == file.info.size && (count > 0 || isAnswered) }

        /// Expects a checksum that only the answer to a read tells; of use before the first byte alone.
        mutating func expect(_ checksum: StoredChecksum?) {
            guard wanted == nil, count == 0, let checksum else { return }
            wanted = checksum
            running = RunningChecksum(checksum.algorithm)
        }

        mutating func add(_ bytes: [UInt8]) {
            count += Int64(bytes.count)
            bytes.withUnsafeBytes { running?.update($0) }
        }

        func verify() throws(PackagingError) {
            guard let wanted, let running, running.hex != wanted.hex else { return }
            throw PackagingError(
                .wrongContent,
                "\(file.path.clipped) does not have the \(wanted.algorithm.rawValue) that the manifest or the store "
                    + "says; upload the model again"
            )
        }
    }
}
