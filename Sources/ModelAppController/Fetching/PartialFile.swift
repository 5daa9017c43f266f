import Artifacts
import Crypto
import Glibc

/// A file that grows under another name until it is whole.
///
/// The name in progress carries a hash of the object's identity, so that bytes of another upload are never continued.
final class PartialFile {
    private let target: String
    private let partial: String
    private var descriptor: Int32 = -1

    init(target: String, identity: String) {
        self.target = target
        let mark = Array(SHA256.hash(data: Array(identity.utf8))).hexadecimal.prefix(12)
        partial = "\(target).\(mark).partial"
    }

    /// Whether an earlier attempt finished the file. Its size is enough: it got its name when it was verified.
    func isComplete(size: Int64) -> Bool {
        var information = stat()
        return stat(target, &information) == 0 && Int64(information.st_size) == size
    }

    /// Opens the file in progress, with its folders; returns how many bytes it has.
    func open() throws(ModelFetcher.Failure) -> Int64 {
        var position = target.startIndex
        while let slash = target[position...].dropFirst().firstIndex(of: "/") {
            mkdir(String(target[..<slash]), 0o755)
            position = slash
        }
        descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot be written") }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw failure("cannot be read") }
        return Int64(information.st_size)
    }

    /// Starts over.
    func truncate() throws(ModelFetcher.Failure) {
        guard ftruncate(descriptor, 0) == 0 else { throw failure("cannot be emptied") }
    }

    /// Appends bytes.
    func write(_ bytes: [UInt8]) throws(ModelFetcher.Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure("cannot be written")
            }
        }
    }

    /// Gives the file its name once its size, and its sha256 where it is known, are right.
    func commit(size: Int64, sha256: String?) throws(ModelFetcher.Failure) {
        var information = stat()
        guard fstat(descriptor, &information) == 0, Int64(information.st_size) == size else {
            unlink(partial)
            throw ModelFetcher.Failure(reason: "WrongSize", message: "\(target) does not have \(size) bytes")
        }
        if let sha256 {
            let actual = try digest()
            guard actual == sha256 else {
                unlink(partial)
                throw ModelFetcher.Failure(
                    reason: "WrongContent",
                    message: "\(target) has the sha256 \(actual), not \(sha256) as the manifest says"
                )
            }
        }
        guard fsync(descriptor) == 0, rename(partial, target) == 0 else { throw failure("cannot be finished") }
    }

    /// Closes the file in progress; what it has stays for the next attempt.
    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func digest() throws(ModelFetcher.Failure) -> String {
        let reader = Glibc.open(partial, O_RDONLY | O_CLOEXEC)
        guard reader >= 0 else { throw failure("cannot be read") }
        defer { Glibc.close(reader) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(reader, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw failure("cannot be read") }
            if count == 0 { return Array(hash.finalize()).hexadecimal }
            buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private func failure(_ what: String) -> ModelFetcher.Failure {
        let code = errno
        let reason = code == ENOSPC ? "DiskFull" : "FileError"
        return ModelFetcher.Failure(reason: reason, message: "\(target) \(what): \(String(cString: strerror(code)))")
    }
}
