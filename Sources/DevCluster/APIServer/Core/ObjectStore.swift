import JSON
import KubernetesAPI

/// The objects of an API server and what happened to them: etcd and the watch cache in one value.
///
/// One counter numbers every write of every kind. The changes of a resource are kept in order, the newest
/// `historyLimit` of them, so that a watch can go on from a version and a list can be read as it was.
struct ObjectStore: Sendable {
    /// One write.
    struct Change: Sendable {
        enum Kind: Sendable, Hashable {
            case added
            case modified
            case deleted
        }

        var revision: Int64
        var kind: Kind
        var key: ObjectKey
        /// The object after the write; for a deletion its last state under the deletion's version.
        var object: JSONValue
        /// The object before the write.
        var previous: JSONValue?
    }

    private struct Table: Sendable {
        var objects: [ObjectKey: JSONValue] = [:]
        var history: [Change] = []
        /// Changes up to this one are forgotten.
        var forgotten: Int64 = 0
        var lastRevision: Int64 = 0
    }

    /// The version of the last write.
    private(set) var revision: Int64 = 1
    /// Lists as they were at this version or before cannot be read any more (etcd compaction).
    private(set) var compacted: Int64 = 0
    /// Watches cannot start from a version before this one (the watch cache's start).
    private(set) var watchable: Int64 = 0
    private var tables: [ResourceName: Table] = [:]
    private let historyLimit: Int

    init(historyLimit: Int) { self.historyLimit = max(historyLimit, 1) }

    /// The object called `key`.
    func object(_ resource: ResourceName, _ key: ObjectKey) -> JSONValue? { tables[resource]?.objects[key] }

    /// How many objects a resource has.
    func count(_ resource: ResourceName) -> Int { tables[resource]?.objects.count ?? 0 }

    /// All objects of a resource.
    func objects(_ resource: ResourceName) -> [ObjectKey: JSONValue] { tables[resource]?.objects ?? [:] }

    /// All objects of all resources.
    var everything: [(resource: ResourceName, key: ObjectKey, object: JSONValue)] {
        tables.sorted { $0.key.description < $1.key.description }.flatMap { resource, table in
            table.objects.sorted { $0.key < $1.key }.map { (resource, $0.key, $0.value) }
        }
    }

    /// The objects as they were at `version`; nil where that is forgotten.
    func objects(_ resource: ResourceName, at version: Int64) -> [ObjectKey: JSONValue]? {
        guard version >= compacted || version == revision else { return nil }
        guard let table = tables[resource] else { return [:] }
        guard version >= table.forgotten else { return nil }
        var objects = table.objects
        for change in table.history.reversed() {
            if change.revision <= version { break }
            objects[change.key] = change.previous
        }
        return objects
    }

    /// The version of the last write to a resource.
    func lastRevision(_ resource: ResourceName) -> Int64 { tables[resource]?.lastRevision ?? 0 }

    /// What happened to a resource after `version`, oldest first; nil where part of it is forgotten.
    func changes(_ resource: ResourceName, after version: Int64) -> ArraySlice<Change>? {
        guard version >= watchable else { return nil }
        guard let table = tables[resource] else { return [] }
        guard version >= table.forgotten else { return nil }
        var (low, high) = (0, table.history.count)
        while low < high {
            let middle = (low + high) / 2
            if table.history[middle].revision > version { high = middle } else { low = middle + 1 }
        }
        return table.history[low...]
    }

    /// Writes an object under the next version and returns it with that version.
    mutating func put(_ resource: ResourceName, _ key: ObjectKey, _ object: JSONValue) -> JSONValue {
        revision += 1
        var stored = object
        let version = revision
        stored.edit("metadata") { $0["resourceVersion"] = .string(String(version)) }
        let previous = tables[resource]?.objects[key]
        record(
            resource,
            Change(
                revision: revision,
                kind: previous == nil ? .added : .modified,
                key: key,
                object: stored,
                previous: previous
            )
        )
        tables[resource]?.objects[key] = stored
        return stored
    }

    /// Removes an object and returns its last state under the deletion's version.
    @discardableResult
    mutating func remove(_ resource: ResourceName, _ key: ObjectKey, lastState: JSONValue? = nil) -> JSONValue? {
        guard let previous = tables[resource]?.objects[key] else { return nil }
        revision += 1
        let version = revision
        var last = lastState ?? previous
        last.edit("metadata") { $0["resourceVersion"] = .string(String(version)) }
        record(resource, Change(revision: revision, kind: .deleted, key: key, object: last, previous: previous))
        tables[resource]?.objects[key] = nil
        return last
    }

    private mutating func record(_ resource: ResourceName, _ change: Change) {
        tables[resource, default: Table()].lastRevision = change.revision
        tables[resource, default: Table()].history.append(change)
        // Trimmed in batches, so that a write costs the same on the average.
        guard let history = tables[resource]?.history, history.count >= historyLimit * 2 else { return }
        let dropped = history.count - historyLimit
        tables[resource]?.forgotten = history[dropped - 1].revision
        tables[resource]?.history = Array(history.dropFirst(dropped))
    }

    /// Forgets how things were: lists at versions before now fail with 410, and so do continue tokens.
    mutating func compact() { compacted = revision }

    /// Forgets the watch cache, as a restarted server does: watches from versions before now fail with 410.
    mutating func forgetWatchCache() { watchable = revision }
}
