import KubernetesAPI
import KubernetesClient
import TestSupport

/// A collection on an API server without the server: versions, a history that can be compacted, snapshots, pages.
struct SimulatedCollection {
    enum InitialEvents { case sent, ignored, refused }

    private(set) var objects: [ObjectKey: ConfigMap] = [:]
    private(set) var unreadable: Set<ObjectKey> = []
    private(set) var version = 1
    private var history: [(version: Int, event: WatchEvent<ConfigMap>)] = []
    private var snapshots: [Int: (objects: [ObjectKey: ConfigMap], unreadable: Set<ObjectKey>)] = [1: ([:], [])]
    private var compacted = 0
    private var nextUID = 0
    var initialEvents = InitialEvents.sent
    var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func put(_ name: String, readable: Bool = true) {
        let key = ObjectKey(namespace: "n", name: name)
        version += 1
        let known = objects[key]
        if known == nil { nextUID += 1 }
        let new = object(name, "\(version)", uid: known?.metadata.uid ?? "u\(nextUID)")
        objects[key] = new
        if readable { unreadable.remove(key) } else { unreadable.insert(key) }
        record(
            readable
                ? (known == nil ? .added(new) : .modified(new))
                : .undecodable(UndecodableObject(metadata: new.metadata, reason: "unreadable"), isDeletion: false)
        )
    }

    mutating func remove(_ name: String) {
        let key = ObjectKey(namespace: "n", name: name)
        guard var last = objects.removeValue(forKey: key) else { return }
        version += 1
        last.metadata.resourceVersion = "\(version)"
        let wasUnreadable = unreadable.remove(key) != nil
        record(
            wasUnreadable
                ? .undecodable(UndecodableObject(metadata: last.metadata, reason: "unreadable"), isDeletion: true)
                : .deleted(last)
        )
    }

    /// Forgets the history: watches and pages from before expire.
    mutating func compact() {
        compacted = version
        history = []
        snapshots = snapshots.filter { $0.key == version }
    }

    private mutating func record(_ event: WatchEvent<ConfigMap>) {
        history.append((version, event))
        snapshots[version] = (objects, unreadable)
    }

    mutating func list(_ options: ListOptions) -> Result<ListPage<ConfigMap>, KubernetesError> {
        var at = version
        var offset = 0
        if let token = options.continueToken {
            let parts = token.split(separator: ":").compactMap { Int($0) }
            (at, offset) = (parts[0], parts[1])
            guard at >= compacted, snapshots[at] != nil else { return .failure(gone) }
        } else if options.resourceVersion == "0" {
            // A cache may be behind.
            at = snapshots.keys.sorted().randomElement(using: &generator) ?? version
        } else if let wanted = options.resourceVersion.flatMap({ Int($0) }), wanted > version {
            return .failure(tooLarge)
        }
        guard let snapshot = snapshots[at] else { return .failure(gone) }
        let sorted = snapshot.objects.values.sorted { $0.key < $1.key }
        let rest = sorted.dropFirst(offset)
        let items = Array(rest.prefix(options.limit ?? rest.count))
        let next = items.count < rest.count ? "\(at):\(offset + items.count)" : nil
        let bad = items.filter { snapshot.unreadable.contains($0.key) }
        return .success(
            ListPage(
                items: items.filter { !snapshot.unreadable.contains($0.key) },
                undecodable: bad.map { UndecodableObject(metadata: $0.metadata, reason: "unreadable") },
                resourceVersion: "\(at)",
                continueToken: next
            )
        )
    }

    /// The events with which a watch starts, and the version after which it goes on.
    mutating func watch(
        _ options: WatchOptions
    ) -> Result<(events: [WatchEvent<ConfigMap>], version: Int), KubernetesError> {
        if options.sendsInitialEvents, initialEvents == .refused { return .failure(refusal(422, "Invalid")) }
        let from = Int(options.resourceVersion ?? "") ?? 0
        guard from <= version else { return .failure(tooLarge) }
        let sendsInitial = options.sendsInitialEvents && initialEvents == .sent
        guard from == 0 || sendsInitial else { return from < compacted ? .failure(gone) : .success(([], from)) }
        var events = objects.values.shuffled(using: &generator).map { object -> WatchEvent<ConfigMap> in
            unreadable.contains(object.key)
                ? .undecodable(UndecodableObject(metadata: object.metadata, reason: "unreadable"), isDeletion: false)
                : .added(object)
        }
        if sendsInitial { events.append(.bookmark(resourceVersion: "\(version)", initialEventsEnd: true)) }
        return .success((events, version))
    }

    /// The first event after `version`; an error where the history does not reach back so far.
    func event(after version: Int) -> (version: Int, event: WatchEvent<ConfigMap>)? {
        if version < compacted {
            return (version, .error(KubernetesStatus(code: 410, reason: "Expired", message: "compacted")))
        }
        return history.first { $0.version > version }
    }
}
