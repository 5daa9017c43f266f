/// A dictionary of bounded size that forgets what was not used for longest.
struct RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var entries: [Key: (value: Value, used: UInt64)] = [:]
    private var turn: UInt64 = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(capacity, 8) }

    var count: Int { entries.count }
    var keys: [Key] { Array(entries.keys) }

    /// Looks without using.
    func peek(_ key: Key) -> Value? { entries[key]?.value }

    /// Reading and writing count as use.
    subscript(key: Key) -> Value? {
        mutating get {
            turn &+= 1
            entries[key]?.used = turn
            return entries[key]?.value
        }
        set {
            turn &+= 1
            entries[key] = newValue.map { ($0, turn) }
            // An eighth at once: sorting for each entry over the limit would be slow where it matters.
            guard entries.count > capacity else { return }
            let oldest = entries.sorted { $0.value.used < $1.value.used }.prefix(max(capacity / 8, 1))
            for (key, _) in oldest { entries[key] = nil }
        }
    }

    /// Changes a value without using it.
    mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
        guard var entry = entries[key] else { return }
        change(&entry.value)
        entries[key] = entry
    }
}
