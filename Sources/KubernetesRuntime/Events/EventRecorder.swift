public import HTTPTransport
import JSON
public import KubernetesAPI
public import KubernetesClient
public import Logging
public import Metrics
public import ServiceLifecycle
import Artifacts
import Synchronization

/// Writes events about objects, without ever holding up who has something to say.
///
/// Guarantees: `record` returns at once; what cannot be kept is dropped with a log line and a counter (E6); what
/// repeats is counted on one event instead of written again (E2 to E4). Events are for people: none is the reason for
/// an error. Record a change of a condition, not every pass that finds it unchanged (E9, `changes(since:)`).
///
/// Needs the verbs create and patch on `events` in `events.k8s.io`. In a `ServiceGroup`, which shuts down in reverse
/// order, it stands before the components that record: then it also writes what they said at their end.
public final class EventRecorder: ServiceLifecycle.Service, Sendable {
    private struct Pending: Sendable {
        var event: Event
        var at: ContinuousClock.Instant
        var date: Timestamp
    }

    private struct State {
        var queue = FIFO<Pending>()
        var isStopping = false
    }

    static let capacity = 1000
    private static let attempts = 12
    private static let retryInterval = Duration.seconds(10)
    private static let requestLimit = Duration.seconds(10)
    /// How long what waits may take to write after a graceful shutdown has begun.
    static let flushLimit = Duration.seconds(5)

    private let controller: String
    private let instance: String
    private let client: Client
    private let fieldManager: FieldManager
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let dropped: Counter
    private let written: Counter
    private let state = Mutex(State())
    private let wake = WakeSignal()
    private let stop = WakeSignal()

    /// A recorder that keeps what is recorded until `run` writes it.
    /// - Parameters:
    ///   - controller: who reports, as a qualified name such as `example.dev/operator`.
    ///   - instance: which process of it.
    ///   - random: numbers in 0..<1, for jitter.
    ///   - metricPrefix: what the names of the figures begin with, such as `example_`.
    public init(
        controller: String,
        instance: String,
        client: Client,
        fieldManager: FieldManager,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory = MetricsSystem.factory,
        metricPrefix: String = "",
        logger: Logger
    ) {
        self.controller = controller
        self.instance = instance.clipped(toBytes: 128)
        self.client = client
        self.fieldManager = fieldManager
        self.time = time
        self.random = random
        self.logger = logger
        dropped = Counter(label: metricPrefix + "events_dropped_total", factory: metrics)
        written = Counter(label: metricPrefix + "events_written_total", factory: metrics)
        dropped.increment(by: 0)
        written.increment(by: 0)
    }

    /// Notes an event. Never waits and never fails.
    /// - Parameters:
    ///   - reason: why, in one CamelCase word; 128 bytes count.
    ///   - action: what was done, in one CamelCase word; 128 bytes count.
    ///   - note: what happened, for people; 1024 bytes count.
    public func record(
        _ type: EventType = .normal,
        reason: String,
        action: String,
        note: String,
        regarding: ObjectReference,
        related: ObjectReference? = nil
    ) {
        var event = Event()
        event.type = type.rawValue
        event.reason = reason.clipped(toBytes: 128)
        event.action = action.clipped(toBytes: 128)
        event.note = note.clipped(toBytes: 1024)
        event.regarding = regarding
        event.related = related
        event.reportingController = controller
        event.reportingInstance = instance
        let pending = Pending(event: event, at: time.now, date: time.date())
        let isKept = state.withLock { state in
            guard state.queue.count < Self.capacity else { return false }
            state.queue.append(pending)
            return true
        }
        guard isKept else { return drop(event, "too many events wait") }
        wake.signal()
    }

    /// Whether nothing waits to be looked at.
    var isIdle: Bool { state.withLock { $0.queue.isEmpty } }

    /// Writes events until a graceful shutdown, after which what is waiting is written without retries and within
    /// five seconds, or until cancelled.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            let isWhole = try await time.withShutdownLimit(Self.flushLimit) { try await self.write() }
            if !isWhole { dropAll("the process ended") }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.wake.signal()
            self.stop.signal()
        }
    }

    private func write() async throws {
        var series = EventSeries()
        var nextRefresh = time.now.advanced(by: EventSeries.refreshInterval)
        var nextFinish = time.now.advanced(by: EventSeries.finishInterval)
        while true {
            try Task.checkCancellation()
            let (pending, isStopping) = state.withLock { ($0.queue.popFirst(), $0.isStopping) }
            let now = time.now
            if let pending {
                switch series.observe(pending.event, pending.at, date: pending.date) {
                case .write(let write): try await send(write)
                case .counted: break
                case .dropped: drop(pending.event, "too many events about the object")
                }
            } else if isStopping {
                return
            }
            if now >= nextRefresh {
                nextRefresh = now.advanced(by: EventSeries.refreshInterval)
                for write in series.refresh() { try await send(write) }
            }
            if now >= nextFinish {
                nextFinish = now.advanced(by: EventSeries.finishInterval)
                for write in series.finish(now) { try await send(write) }
            }
            if pending == nil { await wait(until: min(nextRefresh, nextFinish), or: wake) }
        }
    }

    /// Throws only when cancelled.
    private func send(_ write: EventSeries.Write) async throws {
        do {
            try await sendWithRetries(write)
        } catch {
            drop(write.event, "the process ended")
            throw error
        }
    }

    /// E5, E7. Throws only when cancelled.
    private func sendWithRetries(_ write: EventSeries.Write) async throws {
        var isPatch = if case .patch = write { true } else { false }
        let isSeries = isPatch
        var attempt = 1
        while true {
            do {
                guard try await request(write.event, isPatch: isPatch) else {
                    throw KubernetesError(.timeout, "no answer within \(Self.requestLimit)")
                }
                return written.increment()
            } catch let error as KubernetesError {
                try Task.checkCancellation()
                if isPatch, error.isNotFound {
                    // E5: the event expired on the server; the series goes on in a new one of the same name.
                    isPatch = false
                    continue
                }
                let isRepeatable: Bool
                if isSeries, !isPatch, error.isAlreadyExists {
                    isPatch = true
                    isRepeatable = true
                } else {
                    isRepeatable = error.code == .transport || error.code == .timeout
                }
                let isStopping = state.withLock { $0.isStopping }
                guard isRepeatable, attempt < Self.attempts, !isStopping else {
                    if isStopping, isRepeatable { dropAll(error.message) }
                    return drop(write.event, error.message)
                }
                attempt += 1
                let delay = Self.retryInterval.stretched(by: 0.25, unit: random())
                await wait(until: time.now.advanced(by: delay), or: stop)
            }
        }
    }

    /// False where there was no answer in time.
    private func request(_ event: Event, isPatch: Bool) async throws -> Bool {
        let client = client
        let fieldManager = fieldManager
        let sent: Void? = try await time.withLimit(Self.requestLimit) {
            if isPatch, let series = event.series {
                try await client.patch(
                    Event.resource,
                    event.key,
                    ["series": series.json],
                    fieldManager: fieldManager
                )
            } else {
                var event = event
                event.metadata.resourceVersion = ""
                try await client.create(event, fieldManager: fieldManager)
            }
        }
        return sent != nil
    }

    private func wait(until deadline: ContinuousClock.Instant, or signal: WakeSignal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.time.sleep(until: deadline) }
            group.addTask { await signal.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func drop(_ event: Event, _ why: String) {
        dropped.increment()
        logger.warning(
            "dropped an event",
            metadata: [
                "object": "\(event.regarding.namespace)/\(event.regarding.name)", "kind": "\(event.regarding.kind)",
                "reason": "\(event.reason)", "error": "\(why)",
            ]
        )
    }

    /// At the end of the process nobody waits for a server that does not answer.
    private func dropAll(_ why: String) {
        for pending in state.withLock({ $0.queue.removeAll() }) { drop(pending.event, why) }
    }
}
