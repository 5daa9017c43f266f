import Artifacts
import Crypto
import Glibc
import JSON
import ObjectStorage

/// What is there of a model that is not whole yet.
///
///     .name.<mark>.partial/files/...        files that are whole and verified, where the model will have them
///     .name.<mark>.partial/growing/<mark>   files that are not, and archives
///     .name.<mark>.partial/unpacked/<mark>  the files of an archive that is whole and verified
///
/// The marks are hashes of the model's digest and of a file's path and identity, so that bytes of another upload are
/// never continued. Locked for one process; the lock ends with the process, however that ends.
final class StagingFolder: Sendable {
    private let folder: ModelFolder
    private let digest: String
    private let root: String
    private let lock: Int32

    private var files: String { root + "/files" }
    private var growing: String { root + "/growing" }
    private var unpacked: String { root + "/unpacked" }

    init(_ folder: ModelFolder, digest: String) throws(ModelFetcher.Failure) {
        self.folder = folder
        self.digest = digest
        root = "\(folder.parent)/.\(folder.name).\(Self.mark(digest)).partial"
        try LocalFile.makeFolders(root)
        lock = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw FileFailure.last(root, "cannot be read") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            Glibc.close(lock)
            guard code == EWOULDBLOCK else { throw FileFailure.make(code, root, "cannot be locked") }
            throw ModelFetcher.Failure("FolderInUse", "another fetch is at work on \(folder.path)")
        }
        do throws(ModelFetcher.Failure) {
            try LocalFile.makeFolders(files)
            try LocalFile.makeFolders(growing)
        } catch {
            Glibc.close(lock)
            throw error
        }
    }

    /// Lets another process in.
    func close() { Glibc.close(lock) }

    /// Whether an earlier attempt finished the file: it got its name there once it was verified.
    func hasFile(_ file: ModelFile) -> Bool {
        if file.unpacking != nil { return archiveFolder(file).isThere }
        return LocalFile.size("\(files)/\(file.path)") == file.info.size
    }

    private func archiveFolder(_ file: ModelFile) -> ArchiveFolder {
        ArchiveFolder(path: "\(unpacked)/\(Self.mark(identity(of: file)))")
    }

    /// The file in progress, with what it has.
    func partialFile(for file: ModelFile) throws(ModelFetcher.Failure) -> PartialFile {
        try PartialFile(growingPath(file))
    }

    /// Gives a file its name, or unpacks an archive.
    func finish(_ file: ModelFile, _ partial: PartialFile) throws(ModelFetcher.Failure) {
        if let filter = file.unpacking {
            try LocalFile.makeFolders(unpacked)
            try archiveFolder(file).unpack(partial, filter, called: file.path)
            unlink(partial.path)
            return
        }
        try partial.synchronize()
        let target = "\(files)/\(file.path)"
        if let slash = target.lastIndex(of: "/") { try LocalFile.makeFolders(String(target[..<slash])) }
        guard rename(partial.path, target) == 0 else { throw FileFailure.last(target, "cannot be made") }
    }

    /// Throws `DiskFull` where the file system has less space than what is still to come: better now than after an hour.
    func requireSpace(for wanted: [ModelFile]) throws(ModelFetcher.Failure) {
        var information = statvfs()
        guard statvfs(root, &information) == 0 else { throw FileFailure.last(root, "cannot be read") }
        let (free, overflow) = UInt64(information.f_bavail).multipliedReportingOverflow(
            by: UInt64(information.f_frsize)
        )
        if overflow { return }
        var missing: Int64 = 0
        for file in wanted where !hasFile(file) {
            missing += max(file.info.size - (LocalFile.size(growingPath(file)) ?? 0), 0)
            // An archive lies beside its files until all of them are there.
            if file.unpacking != nil { missing += file.info.size }
        }
        guard UInt64(max(missing, 0)) <= free else {
            throw ModelFetcher.Failure(
                "DiskFull",
                "\(folder.parent) has \(ByteCount(Int64(clamping: free))) free, and \(ByteCount(missing)) are to come; "
                    + "free space, or use a larger volume"
            )
        }
    }

    /// Makes the folder appear, whole, and removes what is left beside it.
    func publish(_ wanted: [ModelFile]) throws(ModelFetcher.Failure) {
        // Left where the same content was uploaded again, under other entity tags, between two attempts.
        for name in LocalFile.names(in: growing) ?? [] { unlink("\(growing)/\(name)") }
        var sizes = wanted.map { ($0.path, $0.info.size) }
        if wanted.contains(where: { $0.unpacking != nil }) {
            // By the disk and not by the order: an earlier attempt may have moved some of them.
            for name in (LocalFile.names(in: unpacked) ?? []).sorted() {
                if !name.hasSuffix(".new") { try ArchiveFolder(path: "\(unpacked)/\(name)").merge(into: files) }
            }
            sizes = try LocalFile.tree(files).map { ($0.path, $0.size) }
            guard !sizes.isEmpty else {
                throw ModelFetcher.Failure(
                    "UnusableArchive",
                    "includeFiles and excludeFiles leave no file of the model"
                )
            }
        }
        let record: JSONValue = [
            "digest": .string(digest),
            "files": .object(
                Dictionary(sizes.map { ($0.0, .integer($0.1)) }, uniquingKeysWith: { first, _ in first })
            ),
        ]
        try LocalFile.write(record.canonicalBytes, to: folder.recordPath)
        try LocalFile.synchronizeFolder(files)
        guard rename(files, folder.path) == 0 else {
            let code = errno
            if code == EBUSY {
                throw ModelFetcher.Failure(
                    "InvalidFolder",
                    "\(folder.path) is a mount point, and a model appears by a rename; name a folder below it"
                )
            }
            throw FileFailure.make(code, folder.path, "cannot be made")
        }
        try LocalFile.synchronizeFolder(folder.parent)
        try LocalFile.removeTree(unpacked)
        rmdir(growing)
        rmdir(root)
    }

    private func growingPath(_ file: ModelFile) -> String { "\(growing)/\(Self.mark(identity(of: file)))" }

    private func identity(of file: ModelFile) -> String {
        "\(file.path)\n\(file.info.etag ?? "")\n\(file.info.versionID ?? "")\n\(file.info.size)"
    }

    private static func mark(_ text: String) -> String {
        String(Array(SHA256.hash(data: Array(text.utf8))).hexadecimal.prefix(24))
    }
}
