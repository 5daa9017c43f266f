import Artifacts
import Glibc
import JSON
import ObjectStorage

/// The folder that a model appears in.
///
///     parent/name                     the model, once it is whole: made by one rename
///     parent/.name.modelapp.json      what it is, written before it appears
///     parent/.name.<mark>.partial     what is there of a model with another name: `StagingFolder`
struct ModelFolder: Sendable {
    /// The path as it was given, without slashes at its end.
    let path: String
    let parent: String
    let name: String

    /// A folder of a model. Throws `InvalidFolder` for a path without a name.
    init(_ text: String) throws(ModelFetcher.Failure) {
        var text = text[...]
        while text.count > 1, text.hasSuffix("/") { text = text.dropLast() }
        let slash = text.lastIndex(of: "/")
        let name = String(slash.map { text[text.index(after: $0)...] } ?? text)
        guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 200 else {
            throw ModelFetcher.Failure(
                "InvalidFolder",
                "\"\(String(text).clipped)\" does not name a folder that can be made: its last part has 1 to 200 bytes and is "
                    + "not . or .."
            )
        }
        path = String(text)
        self.name = name
        parent = slash.map { $0 == text.startIndex ? "/" : String(text[..<$0]) } ?? "."
    }

    var recordPath: String { "\(parent)/.\(name).modelapp.json" }

    /// Whether the folder holds the model with this digest, as an earlier fetch published it, with its sizes.
    func holds(_ digest: String) -> Bool {
        guard let bytes = try? LocalFile.contents(recordPath, upTo: 512 << 20),
            let record = try? JSONValue(parsing: bytes), record["digest"]?.string == digest,
            let files = record["files"]?.object
        else { return false }
        return files.allSatisfy { file, size in
            SafePath.isSafe(file) && LocalFile.size("\(path)/\(file)") == size.integer
        }
    }

    /// The staging folder of a model, made or found, for this process alone.
    ///
    /// Throws `FolderInUse` while another fetch is at work, `FolderNotEmpty` where the folder holds something else, and
    /// `InvalidFolder` where it cannot appear by a rename because it is a mount point.
    func stage(digest: String) throws(ModelFetcher.Failure) -> StagingFolder {
        try LocalFile.makeFolders(parent)
        if let names = LocalFile.names(in: path) {
            if LocalFile.device(path) != LocalFile.device(parent) {
                throw ModelFetcher.Failure(
                    "InvalidFolder",
                    "\(path) is a mount point, and a model appears by a rename; name a folder below it"
                )
            }
            if !names.isEmpty {
                throw ModelFetcher.Failure(
                    "FolderNotEmpty",
                    "\(path) holds something else than \(digest.clipped); remove it, or name another folder"
                )
            }
        }
        return try StagingFolder(self, digest: digest)
    }
}

/// Files and folders of this machine.
enum LocalFile {
    /// The size of a regular file; nil where there is none. Links are not followed.
    static func size(_ path: String) -> Int64? {
        var information = stat()
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(information.st_size)
    }

    /// The file system that `path` lies on.
    static func device(_ path: String) -> dev_t? {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_dev : nil
    }

    /// Makes a folder and those above it, where they are missing.
    static func makeFolders(_ path: String) throws(ModelFetcher.Failure) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw FileFailure.last(path, "cannot be made")
        }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileFailure.last(path, "cannot be made") }
    }

    /// What lies in a folder; nil where there is no folder.
    static func names(in path: String) -> [String]? {
        guard let stream = opendir(path) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The bytes of a file, `limit` at most.
    static func contents(_ path: String, upTo limit: Int) throws(ModelFetcher.Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure.last(path, "cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure.last(path, "cannot be read") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw ModelFetcher.Failure("FileError", "\(path) has more than \(limit) bytes")
            }
            bytes += buffer[..<count]
        }
    }

    /// Writes a file whole: under another name, then renamed.
    static func write(_ bytes: [UInt8], to path: String) throws(ModelFetcher.Failure) {
        let draft = path + ".new"
        unlink(draft)
        let file = try PartialFile(draft)
        defer { file.close() }
        try file.write(bytes)
        try file.synchronize()
        guard rename(draft, path) == 0 else { throw FileFailure.last(path, "cannot be written") }
    }

    /// Returns once the names in a folder have reached the disk.
    static func synchronizeFolder(_ path: String) throws(ModelFetcher.Failure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure.last(path, "cannot be read") }
        defer { close(descriptor) }
        // Some network file systems do not synchronise folders, and say so by EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileFailure.last(path, "cannot be written") }
    }
}
