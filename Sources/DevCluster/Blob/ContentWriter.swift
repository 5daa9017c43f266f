/// Content while it arrives: gathered in memory, or streamed to a file of a folder.
struct ContentWriter: Sendable {
    /// Why bytes were not taken.
    enum Failure: Error, Sendable {
        case tooLarge(limit: Int64)
        case file(LocalFileError)
    }

    private enum Target: Sendable {
        case memory([UInt8])
        case file(LocalFile, path: String)
    }

    private var target: Target
    private let limit: Int64
    /// How many bytes were written.
    private(set) var size: Int64 = 0

    /// A writer into memory, or into an unfinished file of `folder`.
    /// - Parameter limit: the most bytes it takes.
    init(folder: LocalFolder?, limit: Int64) throws(Failure) {
        self.limit = limit
        guard let folder else {
            target = .memory([])
            return
        }
        let path = folder.scratchPath()
        do throws(LocalFileError) {
            target = .file(try LocalFile.creating(path), path: path)
        } catch {
            throw .file(error)
        }
    }

    /// Adds bytes.
    mutating func append(_ bytes: [UInt8]) throws(Failure) {
        guard Int64(bytes.count) <= limit - size else { throw .tooLarge(limit: limit) }
        switch target {
        case .memory(var held):
            // Taken out while it grows, so that the array is not copied.
            target = .memory([])
            held.append(contentsOf: bytes)
            target = .memory(held)
        case .file(let file, _):
            do throws(LocalFileError) {
                try file.write(bytes)
            } catch {
                throw .file(error)
            }
        }
        size += Int64(bytes.count)
    }

    /// What was written. A file still lies at its unfinished place; its owner moves it.
    var content: StoredContent {
        switch target {
        case .memory(let bytes): .bytes(bytes)
        case .file(_, let path): .file(path: path, size: size)
        }
    }

    /// Drops what was written.
    func discard() { content.discard() }
}

extension StoredContent {
    /// Removes the file, if this is one. A file that cannot be removed is dropped when the folder is opened again.
    func discard() {
        guard let path else { return }
        do throws(LocalFileError) { try LocalFolder.remove(path) } catch {}
    }
}
