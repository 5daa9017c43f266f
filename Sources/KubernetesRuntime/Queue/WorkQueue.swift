public import HTTPTransport
public import Metrics
import Synchronization

/// Keys that have to be worked on: each at most once at a time, none lost, none twice for nothing.
///
/// Guarantees (client-go `util/workqueue`): a key that is added while it runs runs exactly once more; keys come out in
/// the order in which they became due; `add` never waits. Assumes that `done` is called for every key that `next`
/// returned, and that `run` runs as long as delayed keys are to become due.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Key?, Never>

    private struct Core {
        var state = WorkQueueState<Key, Waiter>()
        var limiter: RateLimiter<Key>
        var nextID: UInt64 = 0

        mutating func makeID() -> UInt64 {
            nextID &+= 1
            return nextID
        }
    }

    /// What the queue is called in metrics.
    public let name: String
    private let core: Mutex<Core>
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let metrics: WorkQueueMetrics
    private let wake = WakeSignal()
    // Q7: timers are not trusted alone; a machine that slept may deliver them late (client-go `maxWait`).
    private static var heartbeat: Duration { .seconds(10) }
    private static var longestDelay: Duration { .seconds(31_536_000) }

    /// An empty queue.
    /// - Parameters:
    ///   - name: for metrics.
    ///   - retry: how `addRateLimited` waits.
    ///   - random: numbers in 0..<1, for jitter.
    public init(
        name: String,
        retry: RetryPolicy = RetryPolicy(),
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.name = name
        self.time = time
        self.random = random
        self.metrics = WorkQueueMetrics(queue: name, factory: metrics)
        core = Mutex(Core(limiter: RateLimiter(retry, now: time.now)))
    }

    /// Keys that are due and wait for a worker.
    public var depth: Int { core.withLock { $0.state.depth } }

    /// Whether `shutDown` was called.
    public var isShutDown: Bool { core.withLock { $0.state.isShutDown } }

    /// How often the key failed since it was last forgotten.
    public func failures(of key: Key) -> Int { core.withLock { $0.limiter.failures(of: key) } }

    /// Marks the key as due. Does nothing where it is due already, or after `shutDown`.
    public func add(_ key: Key) {
        let now = time.now
        perform(core.withLock { $0.state.add(key, now) })
    }

    /// Marks the key as due after `delay`. Of several delays of one key the earliest counts; an `add` meanwhile does
    /// not take it back.
    public func add(_ key: Key, after delay: Duration) {
        let now = time.now
        let due = now.advanced(by: min(delay, Self.longestDelay))
        perform(core.withLock { $0.state.add(key, at: due, now) })
    }

    /// Counts a failure of the key and marks it as due after the wait that follows.
    /// - Parameter minimum: waits at least so long, where the failure said when to come back.
    public func addRateLimited(_ key: Key, atLeast minimum: Duration = .zero) {
        let now = time.now
        let unit = random()
        metrics.retries.increment()
        perform(
            core.withLock { core in
                let delay = max(minimum, core.limiter.delay(for: key, now: now, unit: unit))
                return core.state.add(key, at: now.advanced(by: min(delay, Self.longestDelay)), now)
            }
        )
    }

    /// The next key, as soon as there is one. Nil: the queue is shut down and empty, or the task is cancelled.
    public func next() async -> Key? {
        let id = core.withLock { $0.makeID() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let now = time.now
                perform(
                    core.withLock {
                        // Inside the lock: a handler that ran before it has set the flag, one that runs later finds
                        // the waiter.
                        $0.state.next(id, continuation, isCancelled: Task.isCancelled, now)
                    }
                )
            }
        } onCancel: {
            perform(core.withLock { $0.state.cancel(id) })
        }
    }

    /// Ends the run of a key that `next` returned.
    public func done(_ key: Key) {
        let now = time.now
        perform(core.withLock { $0.state.done(key, now) })
    }

    /// Forgets the key's failures.
    public func forget(_ key: Key) { core.withLock { $0.limiter.forget(key) } }

    /// Ignores later adds and drops delayed keys; what is queued is still delivered, then `next` returns nil.
    public func shutDown() {
        let now = time.now
        perform(core.withLock { $0.state.shutDown(now) })
    }

    /// Shuts down and returns when nothing is queued and nothing runs, or when the task is cancelled.
    public func drain() async {
        shutDown()
        let id = core.withLock { $0.makeID() }
        _ = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let now = time.now
                perform(
                    core.withLock { $0.state.waitUntilDrained(id, continuation, isCancelled: Task.isCancelled, now) }
                )
            }
        } onCancel: {
            perform(core.withLock { $0.state.cancel(id) })
        }
    }

    /// Makes delayed keys due when their time has come. Returns after `shutDown`; throws when cancelled.
    public func run() async throws {
        while true {
            try Task.checkCancellation()
            let now = time.now
            let (actions, due, isShutDown, starts) = core.withLock { core in
                let actions = core.state.takeDue(now)
                return (actions, core.state.delayed.nextDue, core.state.isShutDown, Array(core.state.processing.values))
            }
            perform(actions)
            metrics.setRunning(since: starts, now: now)
            if isShutDown { return }
            let deadline = min(due ?? now.advanced(by: Self.heartbeat), now.advanced(by: Self.heartbeat))
            await sleep(until: deadline)
        }
    }

    private func sleep(until deadline: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.time.sleep(until: deadline) }
            group.addTask { await self.wake.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func perform(_ actions: WorkQueueState<Key, Waiter>.Actions) {
        for (waiter, key) in actions.deliveries { waiter.resume(returning: key) }
        for waiter in actions.drained { waiter.resume(returning: nil) }
        if actions.wakesSleeper { wake.signal() }
        if actions.added > 0 { metrics.adds.increment(by: actions.added) }
        for wait in actions.waits { metrics.queueDuration.record(wait) }
        if let worked = actions.worked { metrics.workDuration.record(worked) }
        metrics.depth.set(actions.depth)
    }
}
