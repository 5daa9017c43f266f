import Artifacts
import HTTPTransport

/// Removal, versions, and how a shelf follows its folder.
extension BlobShelf {
    /// What became of an object that was to be removed.
    struct Removal: Sendable {
        /// The version that was removed or added; `null` where versions are not kept.
        var version: String
        var isDeleteMarker: Bool
    }

    /// Removes an object, or marks it as deleted where the container keeps versions; nil where there was nothing to do.
    func remove(
        _ name: ObjectName,
        in container: String,
        if condition: (StoredObject?) throws -> Void
    ) throws -> Removal? {
        try withContainer(container) { held, revision in
            try refresh(&held, container, name)
            var versions = held.objects[name] ?? []
            let current = versions.first.flatMap { $0.isDeleteMarker ? nil : $0 }
            try condition(current)
            if held.versioning == .never, versions.isEmpty { return nil }
            revision += 1
            var marker = StoredObject(.bytes([]), at: time.date())
            marker.isDeleteMarker = true
            if held.versioning == .enabled { marker.version = versionID("\(container)/\(name) \(revision)") }
            try retire(&versions, for: marker, keeping: held.versioning, at: name, in: container)
            if held.versioning != .never { versions.insert(marker, at: 0) }
            held.objects[name] = versions.isEmpty ? nil : versions
            return Removal(version: marker.version, isDeleteMarker: held.versioning != .never)
        }
    }

    /// Removes one version for good; nil where there is none of this id.
    func remove(version id: String, of name: ObjectName, in container: String) throws -> Removal? {
        try withContainer(container) { held, _ in
            try refresh(&held, container, name)
            var versions = held.objects[name] ?? []
            guard let index = versions.firstIndex(where: { $0.version == id }) else { return nil }
            let removed = versions.remove(at: index)
            removed.content.discard()
            if let folder {
                let path = "\(folder.path)/\(container)/\(name)"
                // The version below comes back to the place where it is seen.
                if index == 0, var next = versions.first, !next.isDeleteMarker, let kept = next.content.path {
                    try LocalFolder.move(kept, to: path)
                    next.content = .file(path: path, size: next.content.size)
                    next.stamp = try FileStamp.at(path)
                    versions[0] = next
                } else {
                    dropEmptyFolders(above: name, in: container)
                }
            }
            held.objects[name] = versions.isEmpty ? nil : versions
            return Removal(version: id, isDeleteMarker: removed.isDeleteMarker)
        }
    }

    /// Makes room for `successor`: keeps the versions that have to be kept, moved out of the way, and drops the rest.
    func retire(
        _ versions: inout [StoredObject],
        for successor: StoredObject,
        keeping versioning: Versioning,
        at name: ObjectName,
        in container: String
    ) throws {
        var kept: [StoredObject] = []
        for (index, version) in versions.enumerated() {
            // A version without an id is replaced by the next one without an id (S3: versioning suspended).
            guard versioning != .never, version.version != successor.version else {
                // Where a file takes its place by a rename, there is no moment without one.
                let isReplaced = index == 0 && folder != nil && successor.content.path != nil
                if !isReplaced { version.content.discard() }
                continue
            }
            var version = version
            if index == 0, let folder, let path = version.content.path {
                let aside = folder.scratchPath()
                try LocalFolder.move(path, to: aside)
                version.content = .file(path: aside, size: version.content.size)
                version.stamp = nil
            }
            kept.append(version)
        }
        versions = kept
        if successor.content.path == nil { dropEmptyFolders(above: name, in: container) }
    }

    /// Removes the folders that a removed file leaves empty, up to the container's own.
    func dropEmptyFolders(above name: ObjectName, in container: String) {
        guard let folder else { return }
        let root = folder.path + "/" + container
        var path = root + "/" + name.text
        while let slash = path.lastIndex(of: "/") {
            path = String(path[..<slash])
            guard path.utf8.count > root.utf8.count else { return }
            // A folder that is not empty stays; that is how the loop ends.
            do throws(LocalFileError) { try LocalFolder.remove(path) } catch { return }
        }
    }

    /// Takes notice of containers that were made or removed by hand.
    func refresh(_ state: inout State) throws {
        guard let folder else { return }
        var found: Set<String> = []
        for name in try LocalFolder.names(in: folder.path) where !name.hasPrefix(".") {
            guard let stamp = try FileStamp.at(folder.path + "/" + name), stamp.isFolder else { continue }
            found.insert(name)
            if state.containers[name] == nil {
                state.containers[name] = Container(created: Timestamp(microseconds: stamp.modifiedNanoseconds / 1000))
            }
        }
        state.containers = state.containers.filter { found.contains($0.key) }
    }

    /// Takes notice of all files of a container.
    func refresh(_ held: inout Container, _ container: String) throws {
        guard let folder else { return }
        let files = try LocalFolder.files(below: folder.path + "/" + container)
        var seen: [ObjectName: FileStamp] = [:]
        for (path, stamp) in files { seen[ObjectName(path)] = stamp }
        for name in Set(seen.keys).union(held.objects.keys) {
            notice(seen[name], of: name, in: &held, "\(folder.path)/\(container)/\(name)")
        }
    }

    /// Takes notice of the file of one object.
    func refresh(_ held: inout Container, _ container: String, _ name: ObjectName) throws {
        guard let folder, name.isPath else { return }
        let path = "\(folder.path)/\(container)/\(name)"
        let stamp = try FileStamp.at(path)
        notice(stamp?.isFolder == true ? nil : stamp, of: name, in: &held, path)
    }

    private func notice(_ stamp: FileStamp?, of name: ObjectName, in held: inout Container, _ path: String) {
        var versions = held.objects[name] ?? []
        let current = versions.first.flatMap { $0.isDeleteMarker ? nil : $0 }
        guard current?.stamp != stamp else { return }
        if current != nil { versions.removeFirst() }
        if let stamp {
            let date = Timestamp(microseconds: stamp.modifiedNanoseconds / 1000)
            var object = StoredObject(.file(path: path, size: stamp.size), at: date)
            object.etag = flavor.etag(of: stamp)
            object.stamp = stamp
            if held.versioning == .enabled { object.version = versionID("\(path) \(stamp)") }
            versions.insert(object, at: 0)
        }
        held.objects[name] = versions.isEmpty ? nil : versions
    }
}
