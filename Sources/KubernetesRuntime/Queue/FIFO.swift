/// A first-in first-out list. Taking is O(1) on average: the taken front is dropped once it is half of the storage.
struct FIFO<Element: Sendable>: Sendable {
    private var storage: [Element?] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func popFirst() -> Element? {
        guard head < storage.count else { return nil }
        let element = storage[head]
        storage[head] = nil
        head += 1
        if head >= 32, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Takes the first element that satisfies `predicate`, from anywhere in the list.
    mutating func remove(where predicate: (Element) -> Bool) -> Element? {
        let index = storage.indices.dropFirst(head).first { storage[$0].map(predicate) ?? false }
        return index.flatMap { storage.remove(at: $0) }
    }

    /// Takes everything, in order.
    mutating func removeAll() -> [Element] {
        defer {
            storage = []
            head = 0
        }
        return storage[head...].compactMap { $0 }
    }
}
