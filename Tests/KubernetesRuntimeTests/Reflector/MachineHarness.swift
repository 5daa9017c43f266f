import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing

@testable import KubernetesRuntime

/// A machine with a clock that the test moves, and jitter at its least.
struct MachineHarness {
    typealias Machine = ReflectorStateMachine<ConfigMap>
    var machine: Machine
    var now = ContinuousClock().now

    init(watchList: Bool = true, window: Duration = .zero, unit: Double = 0) {
        let options = ReflectorOptions(usesWatchList: watchList, internalErrorWindow: window)
        machine = Machine(options: options, random: { unit }, now: now)
    }

    @discardableResult
    mutating func send(_ input: Machine.Input, after pause: Duration = .zero) -> Machine.Output {
        now += pause
        return machine.handle(input, now)
    }

    /// Lists an empty collection at version 5 and opens the watch from it.
    mutating func startWatching() {
        send(.start)
        if machine.usesWatchList {
            send(.watchOpened)
            send(.event(.bookmark(resourceVersion: "5", initialEventsEnd: true)))
        } else {
            send(.listed(page([], "5")))
            send(.watchOpened)
        }
    }
}

func object(_ name: String, _ version: String, uid: String = "u", labels: [String: String] = [:]) -> ConfigMap {
    var object = ConfigMap()
    object.metadata = ObjectMeta(ObjectKey(namespace: "n", name: name), labels: labels)
    object.metadata.resourceVersion = version
    object.metadata.uid = uid
    return object
}

func page(_ items: [ConfigMap], _ version: String, next: String? = nil) -> ListPage<ConfigMap> {
    ListPage(items: items, resourceVersion: version, continueToken: next)
}

func refusal(_ code: Int64, _ reason: String, _ message: String = "") -> KubernetesError {
    KubernetesError(.api, message, status: KubernetesStatus(code: code, reason: reason, message: message))
}

let gone = refusal(410, "Expired", "too old resource version")
let tooLarge = refusal(504, "Timeout", "Too large resource version: 9, current: 5")
let throttled = refusal(429, "TooManyRequests", "storage is (re)initializing")
let connectionRefused = KubernetesError(.transport, "refused", underlying: HTTPTransportError(.connect, "refused"))

extension ReflectorStateMachine.Output {
    var list: ListOptions? { if case .list(let options) = next { options } else { nil } }
    var watch: WatchOptions? { if case .watch(let options) = next { options } else { nil } }
    var sleep: Duration? { if case .sleep(let delay) = next { delay } else { nil } }
    var replaced: [Object]? { if case .replace(let objects, _, _) = events.first { objects } else { nil } }
}
