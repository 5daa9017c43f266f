public import HTTPTransport
public import Logging
public import Metrics
public import ServiceLifecycle
import Synchronization

/// A store that can be waited for.
public protocol Synchronizing: Sendable {
    /// What is stored, for messages.
    var syncName: String { get }
    /// Whether the whole of it was read once.
    var isSynced: Bool { get }
    /// Why it is not fit for use; nil where it is fit.
    func problem(now: ContinuousClock.Instant) -> String?
    /// Returns once `isSynced` holds. Throws when the task is cancelled.
    func waitUntilSynced() async throws(RuntimeError)
}

/// Takes keys from a queue and reconciles them, several at a time.
///
/// Guarantees (controller-runtime `pkg/internal/controller`): workers start only after all stores are filled; every key
/// that is taken is given back, on every path; a failed key comes back by the queue's retry policy, a terminal one does
/// not. At a graceful shutdown no further key is taken, and `run` returns when the last worker is done; workers that
/// are not done within the drain limit are cancelled. What is still queued is found again by whoever reads the world
/// next: working it off would hold up the end of the process, and the next leader with it.
public struct Controller<R: Reconciler>: ServiceLifecycle.Service {
    private let name: String
    private let queue: WorkQueue<R.Key>
    private let reconciler: R
    private let workers: Int
    private let stores: [any Synchronizing]
    private let syncTimeout: Duration
    private let drainLimit: Duration
    private let time: TimeSource
    private let metrics: ControllerMetrics
    private let activeWorkers = ActiveWorkers()
    private let logger: Logger

    /// A controller that does nothing before `run`.
    /// - Parameters:
    ///   - name: for metrics and logs.
    ///   - workers: how many keys are reconciled at a time; at least one.
    ///   - stores: what has to be filled before the first key is taken.
    ///   - syncTimeout: how long that may take before `run` fails.
    ///   - drainLimit: how long runs in flight may take after a graceful shutdown has begun.
    public init(
        name: String,
        queue: WorkQueue<R.Key>,
        reconciler: R,
        workers: Int,
        waitingFor stores: [any Synchronizing] = [],
        syncTimeout: Duration = .seconds(120),
        drainLimit: Duration = .seconds(10),
        time: TimeSource,
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger
    ) {
        self.name = name
        self.queue = queue
        self.reconciler = reconciler
        self.workers = max(workers, 1)
        self.stores = stores
        self.syncTimeout = syncTimeout
        self.drainLimit = drainLimit
        self.time = time
        self.metrics = ControllerMetrics(controller: name, workers: self.workers, factory: metrics)
        self.logger = logger
    }

    /// Reconciles until a graceful shutdown or a cancellation. Throws `RuntimeError.syncTimeout` where a store is not
    /// filled in time.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            guard try await waitForStores() else { return }
            logger.info("controller started", metadata: ["controller": "\(name)", "workers": "\(workers)"])
            let isDrained = try await time.withShutdownLimit(drainLimit) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await queue.run() }
                    for _ in 0..<workers { group.addTask { await work() } }
                    try await group.waitForAll()
                }
            }
            if !isDrained {
                logger.warning(
                    "cut off what was in flight",
                    metadata: ["controller": "\(name)", "limit": "\(drainLimit)"]
                )
            }
        } onGracefulShutdown: {
            queue.shutDown()
        }
    }

    /// False where a graceful shutdown began meanwhile.
    private func waitForStores() async throws -> Bool {
        let stores = stores
        let synced: Void?
        do {
            synced = try await cancelWhenGracefulShutdown {
                try await time.withLimit(syncTimeout) {
                    for store in stores { try await store.waitUntilSynced() }
                }
            }
        } catch {
            guard !Task.isCancelled, Task.isShuttingDownGracefully else { throw error }
            return false
        }
        guard synced == nil else { return true }
        let missing = stores.filter { !$0.isSynced }.map(\.syncName).joined(separator: ", ")
        throw RuntimeError(.syncTimeout, "controller \(name): not filled within \(syncTimeout): \(missing)")
    }

    private func work() async {
        while !queue.isShutDown, let key = await queue.next() {
            defer { queue.done(key) }
            metrics.activeWorkers.set(activeWorkers.change(by: 1))
            defer { metrics.activeWorkers.set(activeWorkers.change(by: -1)) }
            let start = time.now
            do throws(ReconcileError) {
                let result = try await reconciler.reconcile(key)
                metrics.duration.record(time.now - start)
                succeed(key, result)
            } catch {
                metrics.duration.record(time.now - start)
                fail(key, error)
            }
        }
    }

    // Q10: success forgets the failures; a periodic look is not a failure either.
    private func succeed(_ key: R.Key, _ result: ReconcileResult) {
        queue.forget(key)
        guard let delay = result.requeueAfter else { return metrics.count(.success) }
        metrics.count(.requeueAfter)
        queue.add(key, after: delay)
    }

    private func fail(_ key: R.Key, _ error: ReconcileError) {
        metrics.count(.error)
        metrics.errors.increment()
        var metadata: Logger.Metadata = ["object": "\(key)", "reason": "\(error.reason)", "error": "\(error.message)"]
        switch error.disposition {
        case .terminal:
            metrics.terminalErrors.increment()
            logger.error("reconcile failed for good", metadata: metadata)
        case .retry(let after):
            queue.addRateLimited(key, atLeast: after ?? .zero)
            metadata["failures"] = "\(queue.failures(of: key))"
            // A cancelled run fails because it was told to stop.
            logger.log(level: Task.isCancelled ? .debug : .warning, "reconcile failed", metadata: metadata)
        }
    }
}

/// Counts the workers that have a key.
private final class ActiveWorkers: Sendable {
    private let count = Mutex(0)

    func change(by difference: Int) -> Int {
        count.withLock {
            $0 += difference
            return $0
        }
    }
}
