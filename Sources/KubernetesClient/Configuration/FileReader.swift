#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads small files, so that tests need no disk.
public struct FileReader: Sendable {
    /// The largest file that is read, in bytes.
    public static let maximumSize = 4 << 20

    private let contents: @Sendable (String) throws(KubernetesError) -> [UInt8]?

    /// A reader over a closure that returns a file's contents, or nil where there is no such file.
    public init(_ contents: @escaping @Sendable (String) throws(KubernetesError) -> [UInt8]?) {
        self.contents = contents
    }

    /// Files in memory, by path.
    public init(_ files: [String: String]) {
        contents = { path in files[path].map { Array($0.utf8) } }
    }

    /// The machine's own files. Blocks, so only for small local ones.
    public static let system = FileReader(readFile)

    /// The contents of `path`, or nil where there is no such file. Throws `configuration` where it cannot be read.
    public func read(_ path: String) throws(KubernetesError) -> [UInt8]? { try contents(path) }

    /// The contents of `path`. Throws `configuration` naming `purpose` where there is no such file.
    func require(_ path: String, for purpose: String) throws(KubernetesError) -> [UInt8] {
        guard let bytes = try contents(path) else {
            throw KubernetesError(.configuration, "\(purpose): there is no file \(path)")
        }
        return bytes
    }

    private static func readFile(_ path: String) throws(KubernetesError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw KubernetesError(.configuration, "\(path) cannot be opened: \(SystemError.text(errno))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw KubernetesError(.configuration, "\(path) cannot be read: \(SystemError.text(errno))")
            }
            bytes += chunk.prefix(count)
            guard bytes.count <= maximumSize else {
                throw KubernetesError(.configuration, "\(path) is larger than \(maximumSize) bytes")
            }
        }
    }
}

/// `read(2)`, which the reader's own method would hide.
private let systemRead: @Sendable (CInt, UnsafeMutableRawPointer?, Int) -> Int = { read($0, $1, $2) }

/// What the operating system calls an error number.
enum SystemError {
    static func text(_ code: CInt) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
