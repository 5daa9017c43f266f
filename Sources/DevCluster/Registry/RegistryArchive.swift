import Artifacts
import JSON
import Synchronization

/// A registry's folder: `blobs/<algorithm>/<hex>` for blobs and manifests, `repositories/<name>.json` for the rest,
/// with `%` for the slashes of a name.
final class RegistryArchive: Sendable {
    let folder: LocalFolder
    private let saving = Mutex(())

    /// Opens the folder, or makes it.
    init(_ path: String) throws(LocalFileError) {
        folder = try LocalFolder(path)
        try LocalFolder.make(folder.path + "/blobs")
        try LocalFolder.make(folder.path + "/repositories")
    }

    private func path(_ digest: Digest) -> String { "\(folder.path)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    private func path(_ repository: String) -> String {
        let name = String(decoding: repository.utf8.map { $0 == 0x2F ? 0x25 : $0 }, as: UTF8.self)
        return "\(folder.path)/repositories/\(name).json"
    }

    /// Moves an unfinished file to the place of its digest.
    func keep(_ content: StoredContent, as digest: Digest) throws(LocalFileError) -> StoredContent {
        guard case .file(let unfinished, let size) = content else { return content }
        try LocalFolder.move(unfinished, to: path(digest))
        return .file(path: path(digest), size: size)
    }

    /// Writes down what a repository has. The order of writes is that of the states they show.
    func save(_ name: String, from contents: borrowing Mutex<RegistryContents>) throws {
        try saving.withLock { _ in
            guard let repository = contents.withLock({ $0.repositories[name] }) else { return }
            for (digest, manifest) in repository.manifests where try FileStamp.at(path(digest)) == nil {
                try write(manifest.bytes, to: path(digest))
            }
            let document: JSONValue = [
                "blobs": .array(repository.blobs.sorted().map { .string($0.description) }),
                "manifests": .object(
                    Dictionary(
                        repository.manifests.map { digest, manifest in
                            let entry: JSONValue = [
                                "mediaType": .string(manifest.mediaType),
                                "pushed": .string(manifest.pushed.rfc3339Micro),
                            ]
                            return (digest.description, entry)
                        },
                        uniquingKeysWith: { $1 }
                    )
                ),
                "tags": .object(
                    repository.tags.mapValues { tag in
                        [
                            "digest": .string(tag.digest.description), "created": .string(tag.created.rfc3339Micro),
                            "updated": .string(tag.updated.rfc3339Micro),
                        ]
                    }
                ),
            ]
            try write(Array(document.prettyText.utf8), to: path(name))
        }
    }

    /// What was saved. A repository whose file is damaged is an error; a blob whose file is gone is forgotten.
    func load() throws -> RegistryContents {
        var contents = RegistryContents()
        for file in try LocalFolder.names(in: folder.path + "/repositories") where file.hasSuffix(".json") {
            let name = String(
                decoding: file.dropLast(5).utf8.map { $0 == 0x25 ? 0x2F : $0 },
                as: UTF8.self
            )
            let document = try JSONValue(parsing: try read(path(name)) ?? [])
            var repository = RegistryContents.Repository()
            for text in document["blobs"]?.array ?? [] {
                let digest = try Digest(text.string ?? "")
                guard let stamp = try FileStamp.at(path(digest)) else { continue }
                contents.blobs[digest] = .file(path: path(digest), size: stamp.size)
                repository.blobs.insert(digest)
            }
            for (text, entry) in document["manifests"]?.object ?? [:] {
                let digest = try Digest(text)
                guard let bytes = try read(path(digest)) else { continue }
                repository.manifests[digest] = try RegistryManifest(
                    bytes,
                    contentType: entry["mediaType"]?.string,
                    pushed: Timestamp(rfc3339: entry["pushed"]?.string ?? "")
                )
            }
            for (tag, entry) in document["tags"]?.object ?? [:] {
                repository.tags[tag] = RegistryContents.Tag(
                    digest: try Digest(entry["digest"]?.string ?? ""),
                    created: try Timestamp(rfc3339: entry["created"]?.string ?? ""),
                    updated: try Timestamp(rfc3339: entry["updated"]?.string ?? "")
                )
            }
            contents.repositories[name] = repository
        }
        return contents
    }

    private func write(_ bytes: [UInt8], to path: String) throws(LocalFileError) {
        let unfinished = folder.scratchPath()
        try LocalFile.creating(unfinished).write(bytes)
        try LocalFolder.move(unfinished, to: path)
    }

    private func read(_ path: String) throws(LocalFileError) -> [UInt8]? {
        guard let stamp = try FileStamp.at(path), !stamp.isFolder, stamp.size <= 64 << 20 else { return nil }
        let file = try LocalFile.reading(path)
        var bytes: [UInt8] = []
        while true {
            let piece = try file.read(at: Int64(bytes.count), count: LocalFile.pieceSize)
            guard !piece.isEmpty else { return bytes }
            bytes += piece
        }
    }
}
