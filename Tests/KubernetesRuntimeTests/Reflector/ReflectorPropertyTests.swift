import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Reflector: properties", .timeLimit(.minutes(1)))
struct ReflectorPropertyTests {
    enum Fault: Sendable, CaseIterable {
        case none, refused, throttled, broken, forbidden, expired, cut, errorEvent, expiredEvent, throttledEvent
        case internalErrorEvent, unreadableLine, bookmark, repeated
    }

    enum Operation: Sendable {
        case put(Int), putUnreadable(Int), remove(Int), compact, step(Fault)
        case ignoreInitialEvents, refuseInitialEvents, sendInitialEvents
    }

    private static func history(_ generator: inout SplitMix64) -> [Operation] {
        (0..<150).map { _ in
            let name = Int.random(in: 0..<7, using: &generator)
            return switch Int.random(in: 0..<40, using: &generator) {
            case 0..<8: .put(name)
            case 8: .putUnreadable(name)
            case 9..<12: .remove(name)
            case 12: .compact
            case 13: .ignoreInitialEvents
            case 14: .refuseInitialEvents
            case 15: .sendInitialEvents
            case 16..<24: .step(Fault.allCases.randomElement(using: &generator) ?? .none)
            default: .step(.none)
            }
        }
    }

    @Test(
        "after any history and faults the store equals the server, and every change was announced",
        arguments: [true, false]
    )
    func storeConverges(_ watchList: Bool) async {
        await checkProperty(cases: 500, generate: Self.history) { operations in
            var simulation = Simulation(watchList: watchList)
            return simulation.run(operations)
        }
    }

    /// Performs the machine's commands on a simulated collection, one at a time.
    private struct Simulation {
        typealias Machine = ReflectorStateMachine<ConfigMap>
        var machine: Machine
        var server = SimulatedCollection(seed: 99)
        let store: Store<ConfigMap>
        let announced = Shared<(objects: [ObjectKey: ConfigMap], problem: String?)>(([:], nil))
        var now = ContinuousClock().now
        var command = Machine.Command.sleep(.zero)
        var pending: [WatchEvent<ConfigMap>] = []
        var position = 0
        var last: WatchEvent<ConfigMap>?
        var requestsAtThisInstant = 0
        var problem: String?

        init(watchList: Bool) {
            let options = ReflectorOptions(usesWatchList: watchList, pageSize: 2)
            machine = Machine(options: options, random: seededUnits(7), now: now)
            let announced = announced
            store = Store(handlers: [
                { change in
                    announced.withValue { account in
                        let known = account.objects[change.key]
                        switch change {
                        case .added(let new):
                            if known != nil { account.problem = "\(change.key) was announced as added twice" }
                            account.objects[change.key] = new
                        case .changed(let old, let new):
                            if known != old {
                                account.problem = "\(change.key) changed from a state nobody was told of"
                            }
                            account.objects[change.key] = new
                        case .removed:
                            if known == nil { account.problem = "\(change.key) was removed without having been there" }
                            account.objects[change.key] = nil
                        }
                    }
                }
            ])
            send(.start)
        }

        mutating func send(_ input: Machine.Input) {
            let output = machine.handle(input, now)
            for event in output.events { store.perform(event) }
            command = output.next
        }

        mutating func pass(_ duration: Duration) {
            now += duration
            requestsAtThisInstant = 0
        }

        mutating func run(_ operations: [Operation]) -> String? {
            for operation in operations {
                perform(operation)
                if let problem { return problem }
            }
            for _ in 0..<600 where problem == nil && !isQuiet { step(.none) }
            if let problem = problem ?? announced.value.problem { return problem }
            guard isQuiet else { return "never comes to rest" }
            return difference
        }

        var isQuiet: Bool {
            guard command == .read, !machine.awaitsInitialEvents, pending.isEmpty else { return false }
            return server.event(after: position) == nil
        }

        var difference: String? {
            for (key, object) in server.objects {
                if server.unreadable.contains(key) {
                    if store.undecodable(key) == nil { return "\(key) is unreadable, and the store does not say so" }
                } else if store[key] != object {
                    return
                        "\(key) is \(object.metadata.resourceVersion), stored is \(String(describing: store[key]?.metadata))"
                } else if store.undecodable(key) != nil {
                    return "\(key) is readable, and the store says otherwise"
                }
            }
            if let extra = store.keys.first(where: { server.objects[$0] == nil }) {
                return "\(extra) is gone, but stored"
            }
            let told = announced.value.objects
            if told.count != store.count || store.objects.contains(where: { told[$0.key] != $0 }) {
                return "what was announced is not what is stored"
            }
            return nil
        }

        mutating func perform(_ operation: Operation) {
            switch operation {
            case .put(let name): server.put("o\(name)")
            case .putUnreadable(let name): server.put("o\(name)", readable: false)
            case .remove(let name): server.remove("o\(name)")
            case .compact: server.compact()
            case .ignoreInitialEvents: server.initialEvents = .ignored
            case .refuseInitialEvents: server.initialEvents = .refused
            case .sendInitialEvents: server.initialEvents = .sent
            case .step(let fault): step(fault)
            }
        }

        mutating func step(_ fault: Fault) {
            switch command {
            case .sleep(let delay):
                if delay <= .zero, requestsAtThisInstant > 0 { problem = "sleeps for no time" }
                pass(delay)
                send(.slept)
            case .list(let options):
                request()
                if let error = openingError(fault) { return send(.listFailed(error)) }
                switch server.list(options) {
                case .success(let page): send(.listed(page))
                case .failure(let error): send(.listFailed(error))
                }
            case .watch(let options):
                request()
                if let error = openingError(fault) { return send(.watchOpenFailed(error)) }
                switch server.watch(options) {
                case .success(let start):
                    (pending, position) = (start.events, start.version)
                    last = nil
                    send(.watchOpened)
                case .failure(let error): send(.watchOpenFailed(error))
                }
            case .read: read(fault)
            }
        }

        mutating func request() {
            requestsAtThisInstant += 1
            if requestsAtThisInstant > 16 { problem = "a hot loop: \(command)" }
        }

        func openingError(_ fault: Fault) -> KubernetesError? {
            switch fault {
            case .refused: connectionRefused
            case .throttled: throttled
            case .broken: refusal(500, "InternalError")
            case .forbidden: refusal(403, "Forbidden")
            case .expired: gone
            default: nil
            }
        }

        mutating func read(_ fault: Fault) {
            func status(_ code: Int64, _ reason: String) -> Machine.Input {
                .event(.error(KubernetesStatus(code: code, reason: reason, message: "")))
            }
            switch fault {
            case .cut: return send(.streamEnded(KubernetesError(.transport, "reset")))
            case .errorEvent: return send(status(400, "BadRequest"))
            case .expiredEvent: return send(status(410, "Expired"))
            case .throttledEvent: return send(status(429, "TooManyRequests"))
            case .internalErrorEvent: return send(status(500, "InternalError"))
            case .unreadableLine: return send(.streamEnded(KubernetesError(.decoding, "too long")))
            case .bookmark where pending.isEmpty && server.event(after: position) == nil:
                return send(.event(.bookmark(resourceVersion: "\(position)", initialEventsEnd: false)))
            case .repeated:
                if let last { return send(.event(last)) }
            default: break
            }
            if !pending.isEmpty {
                send(.event(pending.removeFirst()))
            } else if let (version, event) = server.event(after: position) {
                position = version
                if case .error = event {} else { last = event }
                send(.event(event))
            } else if machine.awaitsInitialEvents {
                pass(.seconds(30))
                send(.initialEventsTimedOut)
            } else {
                pass(.seconds(250))
                send(.streamEnded(nil))
            }
        }
    }
}
