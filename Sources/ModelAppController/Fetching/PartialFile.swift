import Glibc

/// A file that grows under another name until it is whole.
///
/// Not shared: one transfer at a time writes it.
final class PartialFile {
    /// Where it grows.
    let path: String
    /// How many bytes it has.
    private(set) var size: Int64
    private var descriptor: Int32

    /// Opens the file at `path` with what an earlier attempt left in it.
    init(_ path: String) throws(ModelFetcher.Failure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileFailure.last(path, "cannot be written") }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else {
            let failure = FileFailure.last(path, "cannot be read")
            Glibc.close(descriptor)
            throw failure
        }
        size = Int64(information.st_size)
    }

    deinit { close() }

    /// Starts over.
    func truncate() throws(ModelFetcher.Failure) {
        guard ftruncate(descriptor, 0) == 0 else { throw FileFailure.last(path, "cannot be emptied") }
        size = 0
    }

    /// Appends bytes.
    func write(_ bytes: [UInt8]) throws(ModelFetcher.Failure) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + start, buffer.count - start) } ?? 0
            }
            if count > 0 {
                start += count
                size += Int64(count)
            } else if errno != EINTR {
                throw FileFailure.last(path, "cannot be written")
            }
        }
    }

    /// Lends what the file has, from its start, piece by piece.
    func readBack(_ each: (UnsafeRawBufferPointer) -> Void) throws(ModelFetcher.Failure) {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while offset < size {
            let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure.last(path, "cannot be read") }
            buffer.withUnsafeBytes { each(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += Int64(count)
        }
    }

    /// The `count` bytes at `offset`. Throws where the file ends before.
    func bytes(at offset: Int64, _ count: Int) throws(ModelFetcher.Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(descriptor, $0 + done, count - done, off_t(offset) + off_t(done)) } ?? 0
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw FileFailure.last(path, "cannot be read") }
            done += got
        }
        return bytes
    }

    /// Returns once the bytes have reached the disk: a folder that outlives a crash of its machine must not hold files
    /// of zeros under their final names.
    func synchronize() throws(ModelFetcher.Failure) {
        guard fsync(descriptor) == 0 else { throw FileFailure.last(path, "cannot be written") }
    }

    /// Closes the file; what it has stays for the next attempt.
    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

/// Failures of the file system, in the words of somebody who can do something about them.
enum FileFailure {
    /// The failure that `errno` tells of. Call it before anything else can change `errno`.
    static func last(_ path: String, _ what: String) -> ModelFetcher.Failure { make(errno, path, what) }

    static func make(_ code: Int32, _ path: String, _ what: String) -> ModelFetcher.Failure {
        let advice: (reason: String, text: String)
        switch code {
        case ENOSPC, EDQUOT: advice = ("DiskFull", "; free space, or raise the limit of the volume")
        case EROFS: advice = ("ReadOnly", "; mount the volume writable")
        case EACCES, EPERM:
            advice = ("PermissionDenied", "; user \(getuid()) needs to write there: set fsGroup, or another user")
        case EIO: advice = ("DiskFailed", "; the disk reports a failure")
        default: advice = ("FileError", "")
        }
        return ModelFetcher.Failure(
            advice.reason,
            "\(path) \(what): \(text(code))\(advice.text)"
        )
    }

    /// What the operating system calls an error number. `strerror` may share its buffer between threads.
    private static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
