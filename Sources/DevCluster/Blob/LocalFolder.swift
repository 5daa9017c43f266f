#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif
import Synchronization

/// A folder on disk that holds what a local service stores, with a place for files that are still being written.
final class LocalFolder: Sendable {
    /// The path, without a slash at its end.
    let path: String
    private let scratch: String
    private let counter = Atomic<Int>(0)

    /// Opens the folder, makes it where it is missing, and drops unfinished files of an earlier run.
    init(_ path: String) throws(LocalFileError) {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        scratch = path + "/.unfinished"
        try LocalFolder.make(scratch)
        for name in try LocalFolder.names(in: scratch) { try LocalFolder.remove(scratch + "/" + name) }
    }

    /// The path of a new file, inside the folder's file system so that it can be renamed into place.
    func scratchPath() -> String {
        "\(scratch)/\(counter.add(1, ordering: .relaxed).newValue)"
    }

    /// Makes a folder and those above it.
    static func make(_ path: String) throws(LocalFileError) {
        if mkdir(path, 0o755) == 0 { return }
        let code = errno
        if code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try make(String(path[..<slash]))
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw LocalFileError(path: path, code: errno) }
            return
        }
        guard code == EEXIST else { throw LocalFileError(path: path, code: code) }
        guard try FileStamp.at(path)?.isFolder == true else { throw LocalFileError(path: path, code: ENOTDIR) }
    }

    /// The names in a folder, without `.` and `..`; empty where there is no such folder.
    static func names(in path: String) throws(LocalFileError) -> [String] {
        guard let stream = opendir(path) else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return [] }
            throw LocalFileError(path: path, code: code)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Moves a file to its place; what lies there is replaced at once.
    static func move(_ source: String, to target: String) throws(LocalFileError) {
        if let slash = target.lastIndex(of: "/") { try make(String(target[..<slash])) }
        guard rename(source, target) == 0 else { throw LocalFileError(path: target, code: errno) }
    }

    /// Removes a file or an empty folder; nothing happens where there is none.
    static func remove(_ path: String) throws(LocalFileError) {
        guard unlink(path) != 0 else { return }
        if errno == ENOENT || errno == ENOTDIR { return }
        guard rmdir(path) == 0 || errno == ENOENT else { throw LocalFileError(path: path, code: errno) }
    }

    /// The stamps of the files below `path`, by their path relative to it. Names that start with a dot are skipped.
    /// Stops with an error beyond `limit` files or 64 levels, so that a loop of links ends.
    static func files(below path: String, limit: Int = 200_000) throws(LocalFileError) -> [String: FileStamp] {
        var found: [String: FileStamp] = [:]
        var pending: [(relative: String, depth: Int)] = [("", 0)]
        while let (relative, depth) = pending.popLast() {
            guard depth <= 64 else { throw LocalFileError(path: path + "/" + relative, code: ELOOP) }
            for name in try names(in: relative.isEmpty ? path : path + "/" + relative) where !name.hasPrefix(".") {
                let inner = relative.isEmpty ? name : relative + "/" + name
                guard let stamp = try FileStamp.at(path + "/" + inner) else { continue }
                if stamp.isFolder {
                    pending.append((inner, depth + 1))
                } else {
                    guard found.count < limit else { throw LocalFileError(path: path, code: EFBIG) }
                    found[inner] = stamp
                }
            }
        }
        return found
    }
}
