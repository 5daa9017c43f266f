import Artifacts
import ContainerRegistry
import HTTPTransport
import KubernetesAPI
import KubernetesRuntime
import Logging
import Metrics
import ModelAppAPI
import ReleasePlanning
import ServiceLifecycle
import Synchronization

/// Receipts in the making, apart from the workers that reconcile: no release waits for its receipt.
///
/// What is known here may be lost: the registry has the results, and a process that starts asks it once for each ModelApp.
/// A failure is tried again at the next look at the ModelApp after a pause that doubles from two seconds to five minutes.
final class Receipts: ServiceLifecycle.Service, Sendable {
    private struct Entry {
        var order: ReceiptOrder
        var app: ModelApp
        var state = State.running
        var failures = 0
    }

    private enum State: Equatable {
        case running
        case kept
        case failed(notBefore: ContinuousClock.Instant)
    }

    private let baker: Baker
    private let time: TimeSource
    private let queue: WorkQueue<ObjectKey>
    private let entries = Mutex<[ObjectKey: Entry]>([:])
    private let logger: Logger

    init(
        baker: Baker,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory,
        logger: Logger
    ) {
        self.baker = baker
        self.time = time
        self.logger = logger
        queue = WorkQueue(name: "receipt", time: time, random: random, metrics: metrics)
    }

    /// Sees to it that a receipt is kept. Never waits.
    func want(_ order: ReceiptOrder?, for app: ModelApp) {
        guard let order else { return }
        let now = time.now
        let begins = entries.withLock { entries -> Bool in
            guard var entry = entries[app.key], entry.order.release == order.release,
                entry.app.metadata.uid == app.metadata.uid
            else {
                entries[app.key] = Entry(order: order, app: app)
                return true
            }
            guard case .failed(let notBefore) = entry.state,
                now >= notBefore || entry.app.metadata.generation != app.metadata.generation
            else { return false }
            (entry.order, entry.app, entry.state) = (order, app, .running)
            entries[app.key] = entry
            return true
        }
        if begins { queue.add(app.key) }
    }

    /// Forgets a ModelApp that is gone.
    func forget(_ key: ObjectKey) { entries.withLock { $0[key] = nil } }

    /// Keeps receipts until shut down. What is cut off then is done by whoever runs next.
    func run() async throws {
        _ = try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.queue.run() }
                group.addTask { await self.work() }
                try await group.waitForAll()
            }
        }
    }

    private func work() async {
        while let key = await queue.next() {
            defer { queue.done(key) }
            guard let entry = entries.withLock({ $0[key] }), entry.state == .running else { continue }
            var failure: ScanFailure?
            do throws(ScanFailure) {
                try await baker.keep(entry.order, for: entry.app)
            } catch {
                failure = error
            }
            // A transport may report the end of a cancelled task as a failure of its own.
            if Task.isCancelled { return }
            finish(key, entry.order, failure)
        }
    }

    private func finish(_ key: ObjectKey, _ order: ReceiptOrder, _ failure: ScanFailure?) {
        var metadata: Logger.Metadata = ["object": "ModelApp \(key)", "release": "\(order.release)"]
        if let failure {
            metadata["reason"] = "\(failure.reason)"
            metadata["message"] = "\(failure.message)"
            logger.warning("no receipt kept", metadata: metadata)
        } else {
            logger.debug("receipt kept", metadata: metadata)
        }
        let now = time.now
        entries.withLock { entries in
            // Another release may have converged meanwhile: its turn is in the queue.
            guard var entry = entries[key], entry.order == order else { return }
            if let failure {
                entry.failures = min(entry.failures + 1, 16)
                let pause = max(.seconds(1 << min(entry.failures, 9)), failure.retryAfter ?? .zero)
                entry.state = .failed(notBefore: now + min(pause, .seconds(300)))
            } else {
                entry.state = .kept
            }
            entries[key] = entry
        }
    }
}

extension Baker {
    /// Keeps a receipt beside its image, with the credentials of `app`.
    func keep(_ order: ReceiptOrder, for app: ModelApp) async throws(ScanFailure) {
        let credentials = SourceCredentials(secrets: secrets, accounts: accounts, clouds: access.clouds, app: app)
        do throws(ScanFailure) {
            let image = try reference(app.spec.code.image, "spec.code.image")
            let repository = try reference(order.repository, "spec.delivery.baked.repository")
            let writer = ReceiptWriter(
                client: try await self.writer(repository, beside: image, credentials, app),
                repository: repository,
                signer: try await credentials.signer()
            )
            do throws(RegistryError) {
                try await writer.keep(order)
            } catch {
                throw ScanFailure(baking: error)
            }
        } catch {
            for names in [credentials.ofBaked, credentials.ofCode] { await credentials.forget(names, after: error) }
            throw error
        }
    }
}
