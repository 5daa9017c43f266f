import Artifacts
import HTTPTransport
import KubernetesAPI
import KubernetesRuntime
import Logging
import Metrics
import ModelAppAPI
import ReleasePlanning
import ServiceLifecycle
import Synchronization

/// Images in the making: one operation for each release, apart from the workers that reconcile.
///
/// A pass says what it needs and gets the state at once; when that changes, the ModelApp is looked at again. What is known
/// here may be lost: the registry has the results. A failure is tried again after a pause that doubles from two seconds to
/// five minutes, or as long as the server asks, and at once where the spec was edited.
final class Bakes: ServiceLifecycle.Service, Sendable {
    struct Key: Hashable, Sendable {
        var app: ObjectKey
        var release: String
    }

    private struct Entry {
        var order: BakeOrder
        var app: ModelApp
        var state = BakeState.running
        var isRunning = true
        var failures = 0
        var notBefore: ContinuousClock.Instant?
    }

    private let baker: Baker
    private let time: TimeSource
    private let queue: WorkQueue<Key>
    private let entries = Mutex<[ObjectKey: [String: Entry]]>([:])
    private let logger: Logger
    private let wake: @Sendable (ObjectKey, Duration) -> Void

    /// How many images are made side by side: each takes the memory of two chunks.
    private static let workers = 2

    /// - Parameter wake: asks for a look at a ModelApp after a while.
    init(
        baker: Baker,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory,
        logger: Logger,
        wake: @escaping @Sendable (ObjectKey, Duration) -> Void
    ) {
        self.baker = baker
        self.time = time
        self.logger = logger
        self.wake = wake
        queue = WorkQueue(name: "bake", time: time, random: random, metrics: metrics)
    }

    /// What has become of an image; begins to make it where nobody has.
    func state(of order: BakeOrder, for app: ModelApp) -> BakeState {
        let now = time.now
        let (state, begins): (BakeState, Bool) = entries.withLock { entries in
            // Of other releases only what is under way counts: its end is of use to whoever comes back to it.
            var mine = (entries[app.key] ?? [:]).filter { $0.key == order.release || $0.value.isRunning }
            defer { entries[app.key] = mine }
            guard var entry = mine[order.release] else {
                mine[order.release] = Entry(order: order, app: app)
                return (.running, true)
            }
            let isEdited = entry.app.metadata.generation != app.metadata.generation
            let isDue = entry.notBefore.map { now >= $0 } ?? false
            guard !entry.isRunning, case .failed = entry.state, isEdited || isDue else { return (entry.state, false) }
            (entry.order, entry.app, entry.isRunning) = (order, app, true)
            if isEdited { entry.failures = 0 }
            mine[order.release] = entry
            return (entry.state, true)
        }
        if begins { queue.add(Key(app: app.key, release: order.release)) }
        return state
    }

    /// Forgets a ModelApp that is gone.
    func forget(_ key: ObjectKey) { entries.withLock { $0[key] = nil } }

    /// Makes images until shut down. What is cut off then is done by whoever runs next.
    func run() async throws {
        _ = try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.queue.run() }
                for _ in 0..<Self.workers { group.addTask { await self.work() } }
                try await group.waitForAll()
            }
        }
    }

    private func work() async {
        while let key = await queue.next() {
            defer { queue.done(key) }
            guard let entry = entries.withLock({ $0[key.app]?[key.release] }) else { continue }
            let start = time.now
            let result: Result<Digest, ScanFailure>
            do throws(ScanFailure) {
                result = .success(try await baker.bake(entry.order, for: entry.app))
            } catch {
                result = .failure(error)
            }
            // A transport may report the end of a cancelled task as a failure of its own.
            if Task.isCancelled { return }
            log(key, result, took: time.now - start)
            finish(key, result)
        }
    }

    private func finish(_ key: Key, _ result: Result<Digest, ScanFailure>) {
        let now = time.now
        let pause: Duration? = entries.withLock { entries in
            guard var entry = entries[key.app]?[key.release] else { return nil }
            defer { entries[key.app]?[key.release] = entry }
            entry.isRunning = false
            switch result {
            case .success(let digest):
                entry.state = .done(digest)
                return nil
            case .failure(let failure):
                entry.state = .failed(ResolutionFailure(failure.reason, failure.message))
                entry.failures = min(entry.failures + 1, 16)
                let pause = min(max(.seconds(1 << min(entry.failures, 9)), failure.retryAfter ?? .zero), .seconds(300))
                entry.notBefore = now + pause
                return pause
            }
        }
        wake(key.app, .zero)
        if let pause { wake(key.app, pause + .milliseconds(50)) }
    }

    private func log(_ key: Key, _ result: Result<Digest, ScanFailure>, took: Duration) {
        var metadata: Logger.Metadata = ["object": "ModelApp \(key.app)", "release": "\(key.release)"]
        switch result {
        case .success(let digest):
            metadata["digest"] = "\(digest)"
            metadata["took"] = "\(took)"
            logger.info("baked", metadata: metadata)
        case .failure(let failure):
            metadata["reason"] = "\(failure.reason)"
            metadata["message"] = "\(failure.message)"
            logger.warning("not baked", metadata: metadata)
        }
    }
}
