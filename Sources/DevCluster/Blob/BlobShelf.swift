import Artifacts
import Crypto
import HTTPTransport
import Synchronization

/// What an emulated blob store holds: containers of named objects, and their versions where they are kept.
///
/// Over a folder, `<folder>/<container>/<name>` is the object's content: what is put there by hand is an object, what
/// is removed there is gone. Entity tags then follow the file, so that they survive a restart; metadata and earlier
/// versions last as long as the process. Files are looked at and moved under the lock: a look and the change that
/// follows from it must not be torn apart.
final class BlobShelf: Sendable {
    /// Why an operation was refused.
    enum Failure: Error, Sendable {
        case noContainer
        case containerNotEmpty
        /// The folder cannot hold a file of this name: it collides with a folder, or has an empty or dotted part.
        case nameNotStorable
        case file(LocalFileError)
    }

    /// Whether a container keeps what is replaced.
    enum Versioning: Sendable, Hashable {
        case never
        case enabled
        case suspended
    }

    struct Container: Sendable {
        var created: Timestamp
        var versioning = Versioning.never
        /// The versions by name, newest first; never an empty list.
        var objects: [ObjectName: [StoredObject]] = [:]
    }

    struct State: Sendable {
        var containers: [String: Container] = [:]
        var revision = 0
    }

    let flavor: StoreFlavor
    let folder: LocalFolder?
    let time: TimeSource
    let state: Mutex<State>

    /// An empty shelf, or one over what lies in `folder`.
    init(_ flavor: StoreFlavor, folder: String?, time: TimeSource) throws {
        self.flavor = flavor
        self.folder = try folder.map { try LocalFolder($0) }
        self.time = time
        state = Mutex(State())
    }

    // MARK: Containers

    /// The containers with the date they were made, by name.
    func containers() throws -> [(name: String, created: Timestamp)] {
        try state.withLock { state in
            try refresh(&state)
            return state.containers.map { ($0.key, $0.value.created) }
                .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        }
    }

    /// Makes a container; false if it was there.
    func create(_ container: String) throws -> Bool {
        try state.withLock { state in
            try refresh(&state)
            guard state.containers[container] == nil else { return false }
            if let folder { try LocalFolder.make(folder.path + "/" + container) }
            state.containers[container] = Container(created: time.date())
            return true
        }
    }

    /// Removes a container. Throws if there is none, or if it has objects and `onlyIfEmpty`.
    func remove(_ container: String, onlyIfEmpty: Bool) throws {
        try withContainer(container) { held, _ in
            try refresh(&held, container)
            guard held.objects.isEmpty || !onlyIfEmpty else { throw Failure.containerNotEmpty }
            for (name, versions) in held.objects {
                for version in versions { version.content.discard() }
                dropEmptyFolders(above: name, in: container)
            }
            held.objects = [:]
        }
        try state.withLock { state in
            if let folder { try LocalFolder.remove(folder.path + "/" + container) }
            state.containers[container] = nil
        }
    }

    /// When a container was made, and how it keeps versions.
    func container(_ name: String) throws -> (created: Timestamp, versioning: Versioning) {
        try withContainer(name) { held, _ in (held.created, held.versioning) }
    }

    /// Keeps versions from now on, or no longer.
    func setVersioning(_ versioning: Versioning, of container: String) throws {
        try withContainer(container) { held, _ in held.versioning = versioning }
    }

    // MARK: Objects

    /// All versions of all objects of a container, by name, newest first.
    func versions(in container: String) throws -> [(name: ObjectName, versions: [StoredObject])] {
        try withContainer(container) { held, revision in
            try refresh(&held, container)
            return held.objects.map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
        }
    }

    /// The objects of a container by name, without those that are marked as deleted.
    func objects(in container: String) throws -> [(name: ObjectName, object: StoredObject)] {
        try versions(in: container).compactMap { name, versions in
            versions.first.flatMap { $0.isDeleteMarker ? nil : (name, $0) }
        }
    }

    /// The versions of one object, newest first; empty where there is none.
    func versions(of name: ObjectName, in container: String) throws -> [StoredObject] {
        try withContainer(container) { held, revision in
            try refresh(&held, container, name)
            return held.objects[name] ?? []
        }
    }

    /// The object, unless it is marked as deleted.
    func object(_ name: ObjectName, in container: String) throws -> StoredObject? {
        try versions(of: name, in: container).first.flatMap { $0.isDeleteMarker ? nil : $0 }
    }

    /// Stores an object.
    /// - Parameters:
    ///   - etag: nil for one of the store's own; over a folder it always is.
    ///   - condition: sees what is there; what it throws refuses the change.
    /// - Returns: the object as it is stored.
    func put(
        _ object: StoredObject,
        as name: ObjectName,
        in container: String,
        etag: String?,
        if condition: (StoredObject?) throws -> Void
    ) throws -> StoredObject {
        try withContainer(container) { held, revision in
            try refresh(&held, container, name)
            var versions = held.objects[name] ?? []
            try condition(versions.first.flatMap { $0.isDeleteMarker ? nil : $0 })
            revision += 1
            let seed = "\(container)/\(name) \(revision) \(object.lastModified.microseconds)"
            var stored = object
            stored.etag = etag ?? flavor.etag(seed)
            if held.versioning == .enabled { stored.version = versionID(seed) }
            try retire(&versions, for: stored, keeping: held.versioning, at: name, in: container)
            if let folder, let unfinished = stored.content.path {
                let path = "\(folder.path)/\(container)/\(name)"
                guard name.isPath else { throw Failure.nameNotStorable }
                do throws(LocalFileError) {
                    try LocalFolder.move(unfinished, to: path)
                    stored.stamp = try FileStamp.at(path)
                } catch {
                    throw error.isCollision ? Failure.nameNotStorable : .file(error)
                }
                stored.content = .file(path: path, size: stored.content.size)
                if let stamp = stored.stamp { stored.etag = flavor.etag(of: stamp) }
            }
            versions.insert(stored, at: 0)
            held.objects[name] = versions
            return stored
        }
    }

    /// Changes what is stored beside the content; nil where there is no such object.
    func update(
        _ name: ObjectName,
        in container: String,
        _ change: (inout StoredObject) throws -> Void
    ) throws -> StoredObject? {
        try withContainer(container) { held, revision in
            try refresh(&held, container, name)
            guard var object = held.objects[name]?.first, !object.isDeleteMarker else { return nil }
            try change(&object)
            revision += 1
            if folder == nil { object.etag = flavor.etag("\(container)/\(name) \(revision)") }
            object.lastModified = time.date()
            held.objects[name]?[0] = object
            return object
        }
    }

    // MARK: Lock and folder

    /// Runs `body` with a container and the count of changes. Throws `noContainer` if there is none.
    func withContainer<Value>(_ name: String, _ body: (inout Container, inout Int) throws -> Value) throws -> Value {
        try state.withLock { state in
            if state.containers[name] == nil { try refresh(&state) }
            // Taken out while it changes, so that its objects are not copied.
            guard var held = state.containers.removeValue(forKey: name) else { throw Failure.noContainer }
            defer { state.containers[name] = held }
            return try body(&held, &state.revision)
        }
    }

    /// An id that differs for each version.
    func versionID(_ seed: String) -> String {
        Array(SHA256.hash(data: Array(("version " + seed).utf8))).base64URL.filter { $0 != "-" && $0 != "_" }.prefix(32)
            .description
    }
}
