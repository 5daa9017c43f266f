/// Keys with the instant at which each is due: a binary heap with one live entry for each key.
///
/// Q7: a key that waits already keeps the earlier time (client-go `delaying_queue.go insert`).
struct DelayedKeys<Key: Hashable & Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Entry: Sendable {
        let due: Instant
        /// Keys that are due at one instant come out in the order in which they went in.
        let order: UInt64
        let key: Key

        func isBefore(_ other: Entry) -> Bool { (due, order) < (other.due, other.order) }
    }

    private var heap: [Entry] = []
    private var orders: [Key: UInt64] = [:]
    private var dues: [Key: Instant] = [:]
    private var nextOrder: UInt64 = 0

    var count: Int { dues.count }
    func due(_ key: Key) -> Instant? { dues[key] }

    /// The earliest instant at which a key is due.
    var nextDue: Instant? { heap.first?.due }

    /// Notes a key. True if it is now the first that is due.
    mutating func insert(_ key: Key, at due: Instant) -> Bool {
        if let present = dues[key], present <= due { return false }
        dues[key] = due
        orders[key] = nextOrder
        push(Entry(due: due, order: nextOrder, key: key))
        nextOrder &+= 1
        // Entries that an earlier time replaced stay in the heap until they surface; they must not outnumber the rest.
        if heap.count > 2 * dues.count + 64 { rebuild() }
        dropStale()
        return heap.first?.key == key
    }

    /// Takes the keys that are due, in the order in which they became due.
    mutating func takeDue(_ now: Instant) -> [Key] {
        var keys: [Key] = []
        while let first = heap.first, first.due <= now {
            pop()
            if orders[first.key] == first.order {
                forget(first.key)
                keys.append(first.key)
            }
        }
        dropStale()
        return keys
    }

    mutating func removeAll() { self = DelayedKeys() }

    private mutating func forget(_ key: Key) {
        dues[key] = nil
        orders[key] = nil
    }

    private mutating func dropStale() {
        while let first = heap.first, orders[first.key] != first.order { pop() }
    }

    private mutating func rebuild() {
        let live = heap.filter { orders[$0.key] == $0.order }
        heap = []
        for entry in live { push(entry) }
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
