import HTTPTransport
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import Metrics
import ReleasePlanning
import ServiceLifecycle
import Synchronization

/// Watches the pods of single ModelApps, each for as long as its rollout or its candidate lasts.
///
/// A watch of every pod would cost memory for each pod of the fleet, and a list in each pass a request for each pass. So a
/// rollout costs two requests, and what happens to its pods is known when it happens.
final class PodWatches: ServiceLifecycle.Service {
    private struct Watch {
        let selector: String
        let store: Store<Pod>
        let end: AsyncStream<Void>.Continuation
    }

    private struct Start: Sendable {
        let key: ObjectKey
        let selector: String
        let store: Store<Pod>
        let end: AsyncStream<Void>
    }

    private let client: Client
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let metrics: any MetricsFactory
    private let logger: Logger
    private let queue: WorkQueue<ObjectKey>
    private let watches = Mutex<[ObjectKey: Watch]>([:])
    private let stream: AsyncStream<Start>
    private let feed: AsyncStream<Start>.Continuation

    init(
        client: Client,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory,
        logger: Logger,
        queue: WorkQueue<ObjectKey>
    ) {
        self.client = client
        self.time = time
        self.random = random
        self.metrics = metrics
        self.logger = logger
        self.queue = queue
        (stream, feed) = AsyncStream.makeStream()
    }

    /// The pods of a ModelApp that `selector` selects, which are followed from now on; nil before they were read, or where
    /// they may not be.
    func follow(_ key: ObjectKey, selector: String) -> [Pod]? {
        let start = watches.withLock { watches -> Start? in
            guard watches[key]?.selector != selector else { return nil }
            watches.removeValue(forKey: key)?.end.finish()
            let (end, continuation) = AsyncStream<Void>.makeStream()
            let store = Store<Pod>(handlers: [{ [queue] _ in queue.add(key) }])
            watches[key] = Watch(selector: selector, store: store, end: continuation)
            return Start(key: key, selector: selector, store: store, end: end)
        }
        if let start { feed.yield(start) }
        guard let store = watches.withLock({ $0[key]?.store }), store.isSynced else { return nil }
        return store.objects
    }

    /// Ends the watch of a ModelApp's pods, if there is one.
    func leave(_ key: ObjectKey) {
        watches.withLock { $0.removeValue(forKey: key) }?.end.finish()
    }

    /// Watches until shut down.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await start in self.stream { group.addTask { await self.watch(start) } }
                group.cancelAll()
            }
        }
    }

    private func watch(_ start: Start) async {
        let options = ReflectorOptions(
            namespaces: .only(start.key.namespace),
            labelSelector: start.selector
        )
        let reflector = Reflector(
            start.store,
            client: client,
            options: options,
            time: time,
            random: random,
            metrics: metrics,
            logger: logger
        )
        await withTaskGroup(of: Void.self) { group in
            // It gives up only when it is cancelled.
            group.addTask { try? await reflector.run() }
            group.addTask { for await _ in start.end {} }
            await group.next()
            group.cancelAll()
        }
    }
}
