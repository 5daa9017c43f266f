#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file or folder that could not be read or written.
struct LocalFileError: Error, Sendable, CustomStringConvertible {
    let path: String
    let code: Int32

    /// Whether there is no such file, or it is a folder's name that is taken as a file or the reverse.
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// Whether the name collides with a folder, or with a file where a folder is needed.
    var isCollision: Bool { code == EISDIR || code == ENOTDIR || code == EEXIST || code == ENOTEMPTY }

    var description: String { "\(path): \(String(cString: strerror(code)))" }
}

/// What tells that a file was changed: its size, the time of its last change and its identity.
struct FileStamp: Sendable, Hashable {
    var size: Int64
    var modifiedNanoseconds: Int64
    var inode: UInt64
    var isFolder: Bool

    /// The stamp of what lies at `path`; nil where nothing does.
    static func at(_ path: String) throws(LocalFileError) -> FileStamp? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw LocalFileError(path: path, code: code)
        }
        return FileStamp(status)
    }

    fileprivate init(_ status: stat) {
        size = Int64(status.st_size)
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        modifiedNanoseconds = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        inode = UInt64(status.st_ino)
        isFolder = status.st_mode & S_IFMT == S_IFDIR
    }
}

/// An open file. The descriptor is closed with the last reference.
///
/// Calls block: the files are on the machine's own disk, and one call moves at most `pieceSize` bytes.
final class LocalFile: Sendable {
    /// How many bytes one read asks for.
    static let pieceSize = 256 * 1024

    private let descriptor: Int32
    private let path: String

    private init(_ path: String, _ flags: Int32) throws(LocalFileError) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LocalFileError(path: path, code: errno) }
    }

    deinit { close(descriptor) }

    /// Opens a file for reading.
    static func reading(_ path: String) throws(LocalFileError) -> LocalFile { try LocalFile(path, O_RDONLY) }

    /// Creates a file, or empties one that is there, for writing.
    static func creating(_ path: String) throws(LocalFileError) -> LocalFile {
        try LocalFile(path, O_WRONLY | O_CREAT | O_TRUNC)
    }

    /// Up to `count` bytes from `offset`; empty at the end of the file.
    func read(at offset: Int64, count: Int) throws(LocalFileError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var result: Int
            repeat {
                result = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            } while result < 0 && errno == EINTR
            if result < 0 { code = errno }
            filled = max(result, 0)
        }
        guard code == 0 else { throw LocalFileError(path: path, code: code) }
        return bytes
    }

    /// Writes all of `bytes` after what was written before.
    func write(_ bytes: [UInt8]) throws(LocalFileError) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                #elseif canImport(Musl)
                Musl.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                #else
                Darwin.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                #endif
            }
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw LocalFileError(path: path, code: errno)
            }
        }
    }
}
