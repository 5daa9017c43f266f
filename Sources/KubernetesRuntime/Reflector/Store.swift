public import KubernetesAPI
import KubernetesClient
import Synchronization

/// The objects of one kind as a reflector last saw them.
///
/// Guarantees: readers never see half a list; handlers run after the store has changed, in the server's order, each
/// change once, on the reflector's task. Only a reflector writes. Handlers must not block: they add keys to queues.
public final class Store<Object: KubernetesObject>: Sendable, Synchronizing {
    /// Told of every change.
    public typealias Handler = @Sendable (StoreChange<Object>) -> Void

    private struct State {
        var contents: StoreContents<Object>
        var health: ReflectorHealth
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>
    private let handlers: [Handler]

    /// An empty store.
    /// - Parameters:
    ///   - indexes: how objects are found other than by name.
    ///   - handlers: told of every change, in this order.
    public init(
        _ type: Object.Type = Object.self,
        indexes: [StoreIndex<Object>] = [],
        handlers: [Handler] = []
    ) {
        self.handlers = handlers
        let health = ReflectorHealth(resource: Object.resource, isSynced: false, failure: nil)
        state = Mutex(State(contents: StoreContents(indexes: indexes), health: health))
    }

    /// The object of that name.
    public subscript(key: ObjectKey) -> Object? { state.withLock { $0.contents.objects[key] }?.object }

    /// How many objects there are.
    public var count: Int { state.withLock { $0.contents.objects.count } }

    /// All names, in order.
    public var keys: [ObjectKey] { state.withLock { Array($0.contents.objects.keys) }.sorted() }

    /// All objects, ordered by name: one state of the whole.
    public var objects: [Object] {
        state.withLock { $0.contents.objects }.values.map(\.object).sorted { $0.key < $1.key }
    }

    /// The objects for which `index` has `value`, ordered by name. The index must be one the store was made with.
    public func objects(_ index: StoreIndex<Object>, _ value: String) -> [Object] {
        let boxes = state.withLock { state in
            state.contents.keys(index.name, value).compactMap { state.contents.objects[$0] }
        }
        return boxes.map(\.object).sorted { $0.key < $1.key }
    }

    /// All values that `index` has for some object. The index must be one the store was made with.
    public func values(of index: StoreIndex<Object>) -> [String] {
        state.withLock { $0.contents.values(index.name) }
    }

    /// Why the present state of the object cannot be read; nil where it can. The store then holds the last state that
    /// could be read, if there was one.
    public func undecodable(_ key: ObjectKey) -> UndecodableObject? {
        state.withLock { $0.contents.undecodable[key] }
    }

    /// How the connection to the server fares.
    public var health: ReflectorHealth { state.withLock { $0.health } }

    /// Whether the whole collection was read once.
    public var isSynced: Bool { health.isSynced }

    /// Why the store is not fit for use, naming the resource; nil where it is fit (W19).
    public func problem(now: ContinuousClock.Instant) -> String? { health.problem(now: now, tolerance: .seconds(60)) }

    /// The resource, for messages.
    public var syncName: String { Object.resource.description }

    /// Returns once the whole collection was read. Throws `cancelled` when the task is cancelled.
    public func waitUntilSynced() async throws(RuntimeError) {
        let id = state.withLock { state in
            state.nextID &+= 1
            return state.nextID
        }
        let isSynced = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer = state.withLock { state -> Bool? in
                    if state.health.isSynced { return true }
                    // Inside the lock: a handler that ran before has set the flag, a later one finds the waiter.
                    if Task.isCancelled { return false }
                    state.waiters[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false)
        }
        guard isSynced else { throw RuntimeError(.cancelled, "\(Object.resource): cancelled while it was read") }
    }

    /// The writer's half: changes the contents at once, then tells the handlers. Tests of reconcilers fill stores so.
    package func replace(_ objects: [Object]) {
        perform(.replace(objects, undecodable: [], resourceVersion: ""))
    }

    /// Puts one object, as a watch event would.
    package func apply(_ object: Object) { perform(.apply(object)) }

    /// Removes one object, as a watch event would.
    package func delete(_ object: Object) { perform(.delete(object)) }

    func perform(_ event: ReflectorEvent<Object>) {
        var isReplacement = false
        if case .replace = event { isReplacement = true }
        let (changes, waiters) = state.withLock { state in
            let changes = state.contents.perform(event)
            guard isReplacement else { return (changes, [CheckedContinuation<Bool, Never>]()) }
            state.health.isSynced = true
            defer { state.waiters = [:] }
            return (changes, Array(state.waiters.values))
        }
        for change in changes {
            for handler in handlers { handler(change) }
        }
        // After the handlers: a worker that waited finds its keys in the queue.
        for waiter in waiters { waiter.resume(returning: true) }
    }

    func failed(_ error: KubernetesError, _ now: ContinuousClock.Instant) {
        state.withLock { state in
            let previous = state.health.failure
            state.health.failure = ReflectorHealth.Failure(
                message: error.message,
                isForbidden: error.isForbidden,
                since: previous?.since ?? now,
                count: min(previous?.count ?? 0, 1_000_000) + 1
            )
        }
    }

    func recovered() { state.withLock { $0.health.failure = nil } }
}
