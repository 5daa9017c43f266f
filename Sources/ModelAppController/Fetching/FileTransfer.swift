import Artifacts
import HTTPTransport
import ObjectStorage

/// Brings one file into the staging folder: continues what is there, tries again after a cut, verifies on the way.
struct FileTransfer: Sendable {
    private let file: ModelFile
    private let store: any ObjectReader
    private let staging: StagingFolder
    private let retry: FetchRetry
    private let progress: ProgressMeter

    init(
        _ file: ModelFile,
        from store: any ObjectReader,
        into staging: StagingFolder,
        retry: FetchRetry,
        progress: ProgressMeter
    ) {
        self.file = file
        self.store = store
        self.staging = staging
        self.retry = retry
        self.progress = progress
    }

    /// Returns once the file is whole and verified, which it may have been before.
    func run() async throws(ModelFetcher.Failure) {
        if staging.hasFile(file) {
            progress.found(file.info.size)
            return
        }
        let partial = try staging.partialFile(for: file)
        defer { partial.close() }
        // Bytes of a longer file under the same identity cannot be: the identity names the content.
        if partial.size > file.info.size { try partial.truncate() }
        progress.found(partial.size)
        let wasContinued = partial.size > 0
        if try await fill(partial) { return try finish(partial) }
        // What an earlier process left may have been damaged with the machine; what this one read was not.
        guard wasContinued else { throw wrongContent }
        guard try await fill(partial) else { throw wrongContent }
        try finish(partial)
    }

    private func finish(_ partial: PartialFile) throws(ModelFetcher.Failure) {
        if file.unpacking != nil { retry.report(.line("unpacking \(file.path), \(ByteCount(file.info.size))")) }
        try staging.finish(file, partial)
    }

    private var wrongContent: ModelFetcher.Failure {
        ModelFetcher.Failure(
            "WrongContent",
            "\(file.path.clipped) does not have the \(file.checksum?.algorithm.rawValue ?? "checksum") that the "
                + "manifest or the store says; upload the model again"
        )
    }

    /// Reads until the file has its size. False if its checksum is wrong; it is empty then.
    private func fill(_ partial: PartialFile) async throws(ModelFetcher.Failure) -> Bool {
        var expectation = try Expectation(file.checksum, partial)
        var seen = partial.size
        // Of an empty file the store is asked once, so that one which grew meanwhile is found out.
        var isAnswered = false
        try await retry.run {
            defer { seen = partial.size }
            return partial.size > seen
        } _: { () async throws(ModelFetcher.Failure) in
            if partial.size > 0, expectation.checksum == nil { try await expectation.set(checksumOfStore(), partial) }
            // A connection may also end between the last byte and the end of the answer.
            guard !isAnswered, partial.size < file.info.size || file.info.size == 0 else { return }
            try await read(into: partial, &expectation)
            isAnswered = true
        }
        if try expectation.isMet(by: partial) { return true }
        progress.discarded(partial.size)
        try partial.truncate()
        return false
    }

    /// The checksum that the store has of the whole; an answer to a range does not tell it.
    private func checksumOfStore() async throws(ModelFetcher.Failure) -> StoredChecksum? {
        do throws(ObjectStoreError) {
            let info = try await store.head(file.info.key, version: file.info.versionID)
            return info?.etag == file.info.etag ? info?.checksum : nil
        } catch {
            throw ModelFetcher.Failure(error)
        }
    }

    private func read(into partial: PartialFile, _ expectation: inout Expectation) async throws(ModelFetcher.Failure) {
        let size = file.info.size
        let range = partial.size > 0 ? partial.size..<size : nil
        var expected = expectation
        defer { expectation = expected }
        do {
            try await store.read(file.info.key, range: range, condition: .same(as: file.info)) { info, chunks in
                // A store without entity tags takes no condition: its answer has to be the object that was listed.
                guard info.size == size, info.etag == file.info.etag || file.info.etag == nil else {
                    throw ModelFetcher.Failure(
                        "ModelBytesGone",
                        "\(file.path.clipped) was overwritten while it was read"
                    )
                }
                if expected.checksum == nil { try expected.set(info.checksum, partial) }
                for try await chunk in chunks {
                    try partial.write(chunk)
                    expected.update(chunk)
                    progress.arrived(chunk.count)
                }
            }
        } catch let failure as ModelFetcher.Failure {
            throw failure
        } catch let error as ObjectStoreError {
            throw ModelFetcher.Failure(error)
        } catch {
            throw ModelFetcher.Failure("Cancelled", ModelFetcher.Failure.interrupted)
        }
    }

    /// The checksum that a file must have, computed as its bytes arrive.
    private struct Expectation {
        private(set) var checksum: StoredChecksum?
        private var running: RunningChecksum?

        init(_ checksum: StoredChecksum?, _ partial: PartialFile) throws(ModelFetcher.Failure) {
            try set(checksum, partial)
        }

        /// Expects `checksum`; hashes what the file has so far.
        mutating func set(_ checksum: StoredChecksum?, _ partial: PartialFile) throws(ModelFetcher.Failure) {
            guard let checksum else { return }
            self.checksum = checksum
            var running = RunningChecksum(checksum.algorithm)
            if partial.size > 0 { try partial.readBack { running.update($0) } }
            self.running = running
        }

        mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { running?.update($0) } }

        func isMet(by partial: PartialFile) throws(ModelFetcher.Failure) -> Bool {
            guard let checksum, let running else { return true }
            return running.hex == checksum.hex
        }
    }
}
