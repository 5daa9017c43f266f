/// Groups the objects of a listing into versions of a model, one object at a time: the first path segments after the
/// prefix are the name of the version. Holds one `ObjectSet` for each version and no object.
public struct VersionAccumulator: Sendable {
    /// The most versions that are held.
    public static let maximumVersions = 50_000

    /// What the versions lie under.
    public let prefix: KeyPrefix
    /// How many path segments name a version: 1 for `41/`, 2 for `2026/07/`.
    public let depth: Int
    /// How their files are looked at.
    public let rules: ObjectSetRules
    /// How many objects belong to no version: those directly below the prefix, such as `LATEST`.
    public private(set) var looseObjects = 0
    private var sets: [String: ObjectSet] = [:]

    /// An accumulator for one listing; a depth below 1 is taken as 1.
    public init(prefix: KeyPrefix, depth: Int = 1, rules: ObjectSetRules) {
        self.prefix = prefix
        self.depth = max(1, depth)
        self.rules = rules
    }

    /// Takes note of an object; one outside of the prefix is ignored. Throws code `.tooMany` where the listing has more
    /// versions than are held: part of a listing is no basis for a choice.
    public mutating func add(_ object: BlobObject) throws(SelectionError) {
        guard let path = prefix.path(of: object.key) else { return }
        var end = path.utf8.startIndex
        for _ in 0..<depth {
            guard let slash = path.utf8[end...].firstIndex(of: UInt8(ascii: "/")) else {
                looseObjects += 1
                return
            }
            end = path.utf8.index(after: slash)
        }
        let name = String(path[..<end])
        guard sets[name] != nil || sets.count < VersionAccumulator.maximumVersions else {
            throw SelectionError(.tooMany, "more than \(VersionAccumulator.maximumVersions) versions below the prefix")
        }
        sets[name, default: ObjectSet(name: name)].add(object, path: String(path[end...]), by: rules)
    }

    /// The version of that name, as listed or without its final slash.
    public subscript(name: String) -> ObjectSet? { sets[name] ?? sets[name + "/"] }

    /// The versions, by the bytes of their names.
    public var versions: [ObjectSet] {
        sets.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The versions as candidates, with the time of their last object.
    public var candidates: [Candidate] {
        versions.map { Candidate(name: $0.name, time: $0.modified) }
    }

    /// What is incomplete at `now`, by name: the obstacles of a selection. Versions whose manifest must be read are
    /// not among them.
    public func obstacles(now: UnixMilliseconds) -> [String: Rejection] {
        sets.compactMapValues { set in
            guard case .incomplete(let why) = set.completeness(by: rules, now: now) else { return nil }
            return .incomplete(why)
        }
    }
}
