import Artifacts
import Glibc
import ObjectStorage
import Selection

/// The files of one archive on the disk, which appear all at once.
///
///     path.new    what is being unpacked; removed when it begins
///     path        all of it
struct ArchiveFolder: Sendable {
    /// The folder.
    let path: String

    /// Whether the archive was unpacked.
    var isThere: Bool { LocalFile.names(in: path) != nil }

    /// Writes the files of `archive` that `filter` selects. Throws `UnusableArchive` where it is not safe to.
    func unpack(_ archive: PartialFile, _ filter: FileFilter, called name: String) throws(ModelFetcher.Failure) {
        let index: TarIndex
        do {
            index = try TarIndex(size: archive.size) { (offset, count) throws(ModelFetcher.Failure) in
                try archive.bytes(at: offset, count)
            }
        } catch let unusable as TarIndex.Unusable {
            throw ModelFetcher.Failure("UnusableArchive", "\(name) cannot be unpacked: \(unusable.reason)")
        } catch let failure as ModelFetcher.Failure {
            throw failure
        } catch {
            throw ModelFetcher.Failure("UnusableArchive", "\(name) cannot be unpacked")
        }
        let draft = path + ".new"
        try LocalFile.removeTree(draft)
        try LocalFile.makeFolders(draft)
        for entry in index.entries where filter.selects(entry.path) {
            let target = "\(draft)/\(entry.path)"
            if let slash = target.lastIndex(of: "/") { try LocalFile.makeFolders(String(target[..<slash])) }
            let file = try PartialFile(target)
            defer { file.close() }
            var offset = entry.offset
            let end = entry.offset + entry.size
            while offset < end {
                guard !Task.isCancelled else {
                    throw ModelFetcher.Failure("Cancelled", ModelFetcher.Failure.interrupted)
                }
                let bytes = try archive.bytes(at: offset, Int(min(end - offset, 1 << 20)))
                try file.write(bytes)
                offset += Int64(bytes.count)
            }
            try file.synchronize()
        }
        guard rename(draft, path) == 0 else { throw FileFailure.last(path, "cannot be made") }
    }

    /// Moves the files into `folder`. Cut off, it goes on where it was: what is left of it says that it was unpacked.
    func merge(into folder: String) throws(ModelFetcher.Failure) {
        for (file, _) in try LocalFile.tree(path) {
            let target = "\(folder)/\(file)"
            guard LocalFile.size(target) == nil else {
                throw ModelFetcher.Failure(
                    "UnsafeName",
                    "two layers of the model hold \"\(file.clipped)\"; pack it once"
                )
            }
            if let slash = target.lastIndex(of: "/") { try LocalFile.makeFolders(String(target[..<slash])) }
            guard rename("\(path)/\(file)", target) == 0 else { throw FileFailure.last(target, "cannot be made") }
        }
    }
}

extension LocalFile {
    /// The regular files below a folder, by their paths, with their sizes. Links are not followed.
    static func tree(
        _ root: String,
        _ folder: String = ""
    ) throws(ModelFetcher.Failure) -> [(path: String, size: Int64)] {
        var found: [(path: String, size: Int64)] = []
        for name in (names(in: "\(root)/\(folder)") ?? []).sorted() {
            let path = folder + name
            if let size = size("\(root)/\(path)") {
                found.append((path, size))
            } else {
                found += try tree(root, path + "/")
            }
        }
        return found
    }

    /// Removes a folder with all below it; nothing where there is none. Links are removed and not followed.
    static func removeTree(_ path: String) throws(ModelFetcher.Failure) {
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 else { throw FileFailure.last(path, "cannot be removed") }
            return
        }
        for name in names(in: path) ?? [] { try removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 else { throw FileFailure.last(path, "cannot be removed") }
    }
}
