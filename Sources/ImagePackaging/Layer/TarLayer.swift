import Artifacts
import ObjectStorage

/// The layer that holds a model: what stands in it, in which order, and how many bytes that is.
///
/// Made from names and sizes alone; the bytes come when it is written. The same files give the same bytes on any machine.
struct TarLayer: Sendable {
    private let folder: String
    private let files: [ModelContents.File]
    /// The bytes of the archive.
    let size: Int64
    /// The bytes of the files.
    let contentSize: Int64

    /// The most files of a layer.
    static let maximumFiles = 1_000_000
    /// The most bytes of a layer: none that is larger can be uploaded or counted.
    private static let maximumSize: Int64 = 1 << 50

    /// The layer with `files` below `mountPath`.
    ///
    /// Throws `.unsafeName` for names that leave the folder, that no file system holds, or that mean the deletion of
    /// another file (`.wh.`, image-spec: whiteouts), and `.tooLarge`.
    init(_ contents: [ModelContents.File], mountPath: String) throws(PackagingError) {
        folder = try Self.folder(mountPath)
        guard contents.count <= Self.maximumFiles else {
            throw PackagingError(
                .tooLarge,
                "the model has \(contents.count) files, more than \(Self.maximumFiles); leave some out with "
                    + "excludeFiles"
            )
        }
        guard !contents.isEmpty else {
            throw PackagingError(.modelChanged, "the version has no files")
        }
        for file in contents { try Self.check(file) }
        if let (file, folder) = SafePath.collision(among: contents.map(\.path)) {
            throw PackagingError(
                .unsafeName,
                "\"\(file.clipped)\" is a file, and a folder in \"\(folder.clipped)\"; no file system holds both"
            )
        }
        files = contents.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var size = Int64(TarHeader.end.count)
        var content: Int64 = 0
        var folders = Folders(root: folder)
        for file in files {
            for path in folders.new(for: file.path) { size += Int64(TarHeader(path: path, .folder).bytes.count) }
            let header = TarHeader(path: folder + file.path, .file(size: file.info.size))
            size += Int64(header.bytes.count + TarHeader.padding(after: file.info.size))
            guard file.info.size <= Self.maximumSize - size - content else {
                throw PackagingError(.tooLarge, "the model has more bytes than an image's layer takes")
            }
            content += file.info.size
        }
        self.size = size + content
        contentSize = content
    }

    /// Gives the archive to `sink` piece by piece, reading each file on the way.
    ///
    /// Whoever gets the pieces must not keep them before this returns: it throws where a file is not what it was.
    func write(_ reader: ModelReader, to sink: ([UInt8]) async throws -> Void) async throws {
        var folders = Folders(root: folder)
        for file in files {
            var header: [UInt8] = []
            for path in folders.new(for: file.path) { header += TarHeader(path: path, .folder).bytes }
            header += TarHeader(path: folder + file.path, .file(size: file.info.size)).bytes
            try await sink(header)
            try await reader.read(file, to: sink)
            let padding = TarHeader.padding(after: file.info.size)
            if padding > 0 { try await sink([UInt8](repeating: 0, count: padding)) }
        }
        try await sink(TarHeader.end)
    }

    /// `/opt/models` as a tar has it: `opt/models/`.
    private static func folder(_ mountPath: String) throws(PackagingError) -> String {
        let parts = mountPath.split(separator: "/")
        let folder = parts.joined(separator: "/")
        guard mountPath.hasPrefix("/"), isUsable(folder) else {
            throw PackagingError(
                .unsafeName,
                "\"\(mountPath.clipped)\" is no folder for a model; name one such as /models"
            )
        }
        return folder + "/"
    }

    private static func check(_ file: ModelContents.File) throws(PackagingError) {
        guard isUsable(file.path) else {
            throw PackagingError(
                .unsafeName,
                "\"\(file.path.clipped)\" is no name of a file in an image; rename the object, or leave it out with "
                    + "excludeFiles"
            )
        }
        guard file.info.size >= 0 else {
            throw PackagingError(.modelChanged, "\(file.path.clipped) has no size")
        }
    }

    private static func isUsable(_ path: String) -> Bool {
        SafePath.isSafe(path) && !path.split(separator: "/").contains { $0.hasPrefix(".wh.") }
    }

    /// Which folders an archive has so far.
    private struct Folders {
        private let root: String
        private var known: Set<String> = []

        init(root: String) { self.root = root }

        /// The folders that `path` needs and that are not there yet, outermost first.
        mutating func new(for path: String) -> [String] {
            var new: [String] = []
            if known.insert(root).inserted { new.append(root) }
            var end = path.startIndex
            while let slash = path[end...].firstIndex(of: "/") {
                let folder = root + path[...slash]
                if known.insert(folder).inserted { new.append(folder) }
                end = path.index(after: slash)
            }
            return new
        }
    }
}
