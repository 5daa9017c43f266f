public import HTTPTransport
public import KubernetesAPI
public import KubernetesClient
public import Logging
public import Metrics
public import ServiceLifecycle
import Synchronization

/// Keeps a store in step with a collection on the server.
///
/// Guarantees: after every fault the store becomes equal to the server again, without a hot loop; nothing that changed
/// goes unannounced. Never gives up: an error is logged, shows in `Store.health`, and is followed by another try. Ends
/// only at a graceful shutdown or when cancelled.
public struct Reflector<Object: KubernetesObject>: ServiceLifecycle.Service {
    private typealias Machine = ReflectorStateMachine<Object>

    /// What is filled.
    public let store: Store<Object>
    private let client: Client
    private let options: ReflectorOptions
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let metrics: ReflectorMetrics
    private let logger: Logger
    private let onUndecodable: @Sendable (UndecodableObject) -> Void
    private let afterReplace: @Sendable () -> Void

    /// A reflector that does nothing before `run`.
    /// - Parameters:
    ///   - random: numbers in 0..<1, for jitter.
    ///   - onUndecodable: told of each object that could not be decoded; the store has changed by then. Must not block.
    ///   - afterReplace: called after each replacement of the whole collection, when much memory was let go.
    public init(
        _ store: Store<Object>,
        client: Client,
        options: ReflectorOptions = ReflectorOptions(),
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger,
        onUndecodable: @escaping @Sendable (UndecodableObject) -> Void = { _ in },
        afterReplace: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.client = client
        self.options = options
        self.time = time
        self.random = random
        self.metrics = ReflectorMetrics(Object.resource, factory: metrics)
        self.logger = logger
        self.onUndecodable = onUndecodable
        self.afterReplace = afterReplace
    }

    /// Lists and watches until a graceful shutdown or a cancellation.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await reflect() }
        } catch {
            guard !Task.isCancelled, Task.isShuttingDownGracefully else { throw error }
        }
    }

    private func reflect() async throws {
        var machine = Machine(options: options, random: random, now: time.now)
        var command = step(&machine, .start)
        while true {
            try Task.checkCancellation()
            switch command {
            case .list(let options):
                // W5: the pages that follow belong to the same list.
                if options.continueToken == nil { metrics.lists.increment() }
                do throws(KubernetesError) {
                    let page = try await client.list(Object.self, in: self.options.namespaces, options)
                    command = step(&machine, .listed(page))
                } catch {
                    // What a cancelled task sees is a failure of its own making.
                    try Task.checkCancellation()
                    command = step(&machine, .listFailed(error))
                }
            case .watch(let options): (machine, command) = await watch(options, machine)
            case .sleep(let delay):
                try await time.sleep(for: delay)
                command = step(&machine, .slept)
            case .read:
                // Only inside a watch is there something to read.
                command = step(&machine, .streamEnded(nil))
            }
        }
    }

    /// One watch, from its opening until the machine wants something other than the next event.
    private func watch(_ options: WatchOptions, _ machine: Machine) async -> (Machine, Machine.Command) {
        guard machine.awaitsInitialEvents else { return await read(options, machine, nil) }
        let watchdog = SilenceWatchdog(limit: self.options.initialEventsTimeout, now: time.now)
        return await withTaskGroup(of: (Machine, Machine.Command)?.self) { group in
            group.addTask { await read(options, machine, watchdog) }
            group.addTask {
                await watchdog.run(time)
                return nil
            }
            var result: (Machine, Machine.Command)?
            for await outcome in group {
                if let outcome { result = outcome }
                if outcome != nil || watchdog.isBroken { group.cancelAll() }
            }
            guard var (machine, command) = result else { return (machine, .read) }
            // A reading that was cut short here has no next command.
            if watchdog.isBroken, command == .read, !Task.isCancelled {
                command = step(&machine, machine.awaitsInitialEvents ? .initialEventsTimedOut : .streamEnded(nil))
            }
            return (machine, command)
        }
    }

    private func read(
        _ options: WatchOptions,
        _ start: Machine,
        _ watchdog: SilenceWatchdog?
    ) async -> (Machine, Machine.Command) {
        var machine = start
        var isOpen = false
        metrics.watches.increment()
        let input: Machine.Input
        do {
            let command: Machine.Command? = try await client.withWatch(
                Object.self,
                in: self.options.namespaces,
                options
            ) { events in
                isOpen = true
                var iterator = events.makeAsyncIterator()
                var command = step(&machine, .watchOpened)
                while command == .read {
                    watchdog?.heard(time.now, isOver: !machine.awaitsInitialEvents)
                    guard let event = try await iterator.next() else { return nil }
                    command = step(&machine, .event(event))
                }
                return command
            }
            if let command { return (machine, command) }
            input = .streamEnded(nil)
        } catch {
            if Task.isCancelled { return (machine, .read) }
            let error = KubernetesError(wrapping: error, "watch of \(Object.resource)")
            input = isOpen ? .streamEnded(error) : .watchOpenFailed(error)
        }
        let command = step(&machine, input)
        return (machine, command)
    }

    private func step(_ machine: inout Machine, _ input: Machine.Input) -> Machine.Command {
        let output = machine.handle(input, time.now)
        for event in output.events { perform(event) }
        for notice in output.notices { perform(notice) }
        return output.next
    }

    private func perform(_ event: ReflectorEvent<Object>) {
        store.perform(event)
        switch event {
        case .replace(let objects, let undecodable, let version):
            logger.debug(
                "collection read",
                metadata: ["resource": "\(Object.resource)", "count": "\(objects.count)", "version": "\(version)"]
            )
            for object in undecodable { report(object) }
            afterReplace()
        case .undecodable(let object, _): report(object)
        case .apply, .delete: break
        }
    }

    private func report(_ object: UndecodableObject) {
        logger.warning(
            "an object cannot be read",
            metadata: ["kind": "\(Object.resource.kind)", "object": "\(object.key)", "error": "\(object.reason)"]
        )
        onUndecodable(object)
    }

    private func perform(_ notice: ReflectorNotice) {
        var metadata: Logger.Metadata = ["resource": "\(Object.resource)"]
        switch notice {
        case .recovered: store.recovered()
        case .failed(let error):
            store.failed(error, time.now)
            metrics.failures.increment()
            metadata["error"] = "\(error.message)"
            logger.warning("cannot read from the API server; trying again", metadata: metadata)
        case .fellBackToList(let reason):
            metadata["reason"] = "\(reason)"
            logger.info("listing instead of streaming the initial objects", metadata: metadata)
        case .watchListIgnored:
            logger.info("the API server does not stream initial objects; listing from now on", metadata: metadata)
        case .ignoredEvent(let type):
            metadata["type"] = "\(type)"
            logger.warning("ignored an unknown watch event", metadata: metadata)
        }
    }
}
