/// The rules of the work queue without tasks, time or locks (client-go `util/workqueue/queue.go`).
///
/// Three places a key can be in: `queue` (due, first in first out), `processing` (lent to a worker) and `delayed` (due
/// later). `dirty` holds the keys that have to run: every queued key is dirty and not processing; a key that is dirty
/// and processing runs once more when its worker is done with it. So a key never runs twice at once, and any number of
/// adds during a run make one more run.
struct WorkQueueState<Key: Hashable & Sendable, Waiter: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What has to happen once the lock is free.
    struct Actions: Sendable {
        /// Waiters that get a key, or nil at the end.
        var deliveries: [(waiter: Waiter, key: Key?)] = []
        /// Waiters for the end of all work.
        var drained: [Waiter] = []
        /// Whether the sleeper has to look at its deadline again.
        var wakesSleeper = false
        /// Keys that were newly marked as due.
        var added = 0
        /// How long the delivered keys had waited.
        var waits: [Duration] = []
        /// How long a finished run took.
        var worked: Duration?
        /// Keys in the queue afterwards.
        var depth = 0
    }

    private var queue = FIFO<Key>()
    private(set) var dirty: Set<Key> = []
    private(set) var processing: [Key: Instant] = [:]
    private(set) var delayed = DelayedKeys<Key>()
    private var since: [Key: Instant] = [:]
    private var waiters = FIFO<(id: UInt64, waiter: Waiter)>()
    private var drainers = FIFO<(id: UInt64, waiter: Waiter)>()
    private(set) var isShutDown = false

    var depth: Int { queue.count }
    var isDrained: Bool { queue.isEmpty && processing.isEmpty }

    /// Q2.
    mutating func add(_ key: Key, _ now: Instant) -> Actions {
        var actions = Actions()
        mark(key, now, &actions)
        return finish(now, actions)
    }

    /// Q7, Q8.
    mutating func add(_ key: Key, at due: Instant, _ now: Instant) -> Actions {
        var actions = Actions()
        if due <= now {
            mark(key, now, &actions)
        } else if !isShutDown {
            actions.wakesSleeper = delayed.insert(key, at: due)
        }
        return finish(now, actions)
    }

    /// Moves the delayed keys that are due into the queue.
    mutating func takeDue(_ now: Instant) -> Actions {
        var actions = Actions()
        for key in delayed.takeDue(now) { mark(key, now, &actions) }
        return finish(now, actions)
    }

    /// Q3: the next key goes to `waiter`, now or as soon as there is one.
    mutating func next(_ id: UInt64, _ waiter: Waiter, isCancelled: Bool, _ now: Instant) -> Actions {
        if isCancelled {
            var actions = Actions()
            actions.deliveries.append((waiter, nil))
            return finish(now, actions)
        }
        waiters.append((id, waiter))
        return finish(now, Actions())
    }

    /// The waiter's task was cancelled.
    mutating func cancel(_ id: UInt64) -> Actions {
        var actions = Actions()
        actions.depth = queue.count
        if let waiter = waiters.remove(where: { $0.id == id }) { actions.deliveries.append((waiter.waiter, nil)) }
        if let waiter = drainers.remove(where: { $0.id == id }) { actions.drained.append(waiter.waiter) }
        return actions
    }

    /// Q4.
    mutating func done(_ key: Key, _ now: Instant) -> Actions {
        var actions = Actions()
        guard let started = processing.removeValue(forKey: key) else { return finish(now, actions) }
        actions.worked = now - started
        if dirty.contains(key) { queue.append(key) }
        return finish(now, actions)
    }

    /// Q5. Delayed keys are dropped: who reads the world again at the next start finds them.
    mutating func shutDown(_ now: Instant) -> Actions {
        isShutDown = true
        delayed.removeAll()
        var actions = Actions()
        actions.wakesSleeper = true
        return finish(now, actions)
    }

    /// `waiter` is told when nothing is queued and nothing runs.
    mutating func waitUntilDrained(_ id: UInt64, _ waiter: Waiter, isCancelled: Bool, _ now: Instant) -> Actions {
        guard !isCancelled else {
            var actions = Actions()
            actions.drained.append(waiter)
            return finish(now, actions)
        }
        drainers.append((id, waiter))
        return finish(now, Actions())
    }

    private mutating func mark(_ key: Key, _ now: Instant, _ actions: inout Actions) {
        guard !isShutDown, dirty.insert(key).inserted else { return }
        actions.added += 1
        since[key] = now
        if processing[key] == nil { queue.append(key) }
    }

    private mutating func finish(_ now: Instant, _ given: Actions) -> Actions {
        var actions = given
        while !queue.isEmpty, let (_, waiter) = waiters.popFirst() {
            guard let key = queue.popFirst() else { break }
            processing[key] = now
            dirty.remove(key)
            if let added = since.removeValue(forKey: key) { actions.waits.append(now - added) }
            actions.deliveries.append((waiter, key))
        }
        if isShutDown, queue.isEmpty {
            // A key that is dirty and processing is queued by `done`, and its own worker asks for it next.
            for (_, waiter) in waiters.removeAll() { actions.deliveries.append((waiter, nil)) }
            if isDrained { actions.drained += drainers.removeAll().map(\.waiter) }
        }
        actions.depth = queue.count
        return actions
    }
}
