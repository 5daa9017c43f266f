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

@Suite("Reflector: list", .timeLimit(.minutes(1)))
struct ReflectorListTests {
    @Test("W4 the first list takes what is cached, a later one what is not older") func listVersions() {
        var harness = MachineHarness(watchList: false)
        #expect(harness.send(.start).list?.resourceVersion == "0")
        harness.send(.listed(page([], "7")))
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).list?.resourceVersion == "7")
    }

    @Test(
        "W4 after 410 or a version of the future the list is tried at once by quorum, once",
        arguments: [gone, tooLarge]
    )
    func quorumAfterExpiry(_ error: KubernetesError) {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).list?.resourceVersion == "5")
        let second = harness.send(.listFailed(error))
        #expect(second.list != nil)
        #expect(second.list?.resourceVersion == nil)
        #expect(harness.send(.listFailed(error)).sleep != nil)
        // The flag lives until a list succeeds.
        #expect(harness.send(.slept).list?.resourceVersion == nil)
        #expect(harness.send(.listed(page([], "9"))).watch?.resourceVersion == "9")
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).list?.resourceVersion == "9")
    }

    @Test("W5 pages have 500 objects at the most, at any version and by quorum") func pageSize() {
        var harness = MachineHarness(watchList: false)
        #expect(harness.send(.start).list?.limit == 500)
        #expect(harness.send(.listFailed(gone)).list?.limit == 500)
    }

    @Test("W5 a list at a known version is not limited") func listAtVersionIsWhole() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).list?.limit == nil)
    }

    @Test("W5 later pages send only the token; the end is where there is no token") func pages() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        let second = harness.send(.listed(page([object("a", "1")], "5", next: "t")))
        #expect(second.events.isEmpty)
        #expect(second.list?.continueToken == "t")
        #expect(second.list?.query.map(\.0) == ["limit", "continue"])
        let third = harness.send(.listed(page([], "6", next: "t2")))
        #expect(third.list?.continueToken == "t2")
        let end = harness.send(.listed(page([object("b", "2")], "7")))
        #expect(end.replaced?.map(\.metadata.name) == ["a", "b"])
        #expect(end.watch?.resourceVersion == "5")
    }

    @Test("W5 410 on a later page leads to one whole list at the requested version") func expiredPage() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        harness.send(.listed(page([object("a", "1")], "5", next: "t")))
        let whole = harness.send(.listFailed(gone))
        #expect(whole.list == ListOptions(resourceVersion: "0"))
        let end = harness.send(.listed(page([object("b", "2")], "8")))
        #expect(end.replaced?.map(\.metadata.name) == ["b"])
        #expect(end.watch?.resourceVersion == "8")
    }

    @Test("W5 a server that pages in a circle is an error, not a loop") func circularPages() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        harness.send(.listed(page([], "5", next: "t")))
        #expect(harness.send(.listed(page([], "5", next: "t"))).sleep != nil)
    }

    @Test("W12 a list that fails is tried again after 800 ms, doubling to 30 s, in the lower half without jitter")
    func listBackoff() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        var waits: [Duration] = []
        for _ in 0..<8 {
            waits.append(harness.send(.listFailed(refusal(500, "InternalError"))).sleep ?? .zero)
            harness.send(.slept)
        }
        #expect(waits == [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000].map { .milliseconds($0) })
    }

    @Test("W12 two minutes after its last reset the backoff starts over") func backoffResets() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        harness.send(.listFailed(refusal(500, "InternalError")))
        harness.send(.slept)
        #expect(harness.send(.listFailed(refusal(500, "InternalError"))).sleep == .milliseconds(1600))
        harness.send(.slept)
        #expect(
            harness.send(.listFailed(refusal(500, "InternalError")), after: .seconds(121)).sleep == .milliseconds(800)
        )
    }

    @Test("W12 jitter makes a wait less than twice as long") func jitter() {
        var harness = MachineHarness(watchList: false, unit: 0.5)
        harness.send(.start)
        #expect(harness.send(.listFailed(refusal(500, "InternalError"))).sleep == .milliseconds(1200))
        harness.send(.slept)
        #expect(harness.send(.listFailed(refusal(500, "InternalError"))).sleep == .milliseconds(2400))
    }

    @Test("W12 where the server names a longer wait, that counts") func retryAfter() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        var error = throttled
        error.retryAfter = .seconds(9)
        #expect(harness.send(.listFailed(error)).sleep == .seconds(9))
    }

    @Test("W19 403 is tried again for ever, with backoff, and reported") func forbidden() {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        for _ in 0..<20 {
            let output = harness.send(.listFailed(refusal(403, "Forbidden")))
            #expect(output.sleep != nil)
            guard case .failed(let error)? = output.notices.first else {
                Issue.record("not reported")
                return
            }
            #expect(error.isForbidden)
            #expect(harness.send(.slept).list != nil)
        }
    }
}

@Suite("Reflector: WatchList", .timeLimit(.minutes(1)))
struct ReflectorWatchListTests {
    private func initialBookmark(_ version: String) -> MachineHarness.Machine.Input {
        .event(.bookmark(resourceVersion: version, initialEventsEnd: true))
    }

    @Test("W1 the collection is replaced once, at the bookmark, and the same stream goes on") func watchList() {
        var harness = MachineHarness()
        let open = harness.send(.start).watch
        #expect(open?.sendsInitialEvents == true)
        #expect(open?.resourceVersion == "")
        harness.send(.watchOpened)
        for name in ["b", "a"] {
            let output = harness.send(.event(.added(object(name, "3"))))
            #expect(output.events.isEmpty)
            #expect(output.next == .read)
        }
        harness.send(.event(.modified(object("a", "6"))))
        harness.send(.event(.deleted(object("b", "7"))))
        #expect(harness.send(.event(.bookmark(resourceVersion: "2", initialEventsEnd: false))).next == .read)
        let end = harness.send(initialBookmark("9"))
        #expect(end.replaced == [object("a", "6")])
        #expect(end.next == .read)
        #expect(harness.machine.resourceVersion == "9")
        let event = harness.send(.event(.modified(object("a", "10"))))
        #expect(event.events.count == 1)
        #expect(harness.machine.resourceVersion == "10")
    }

    @Test("W1 a stream that ends before the bookmark is thrown away and started clean") func earlyEnd() {
        var harness = MachineHarness()
        harness.send(.start)
        harness.send(.watchOpened)
        harness.send(.event(.added(object("stale", "3"))))
        #expect(harness.send(.streamEnded(nil), after: .seconds(2)).watch?.sendsInitialEvents == true)
        harness.send(.watchOpened)
        harness.send(.event(.added(object("a", "4"))))
        #expect(harness.send(initialBookmark("9")).replaced?.map(\.metadata.name) == ["a"])
    }

    @Test("W1 a stream that ends early a second time is replaced by a list") func secondEarlyEnd() {
        var harness = MachineHarness()
        harness.send(.start)
        for _ in 0..<2 {
            harness.send(.watchOpened)
            harness.send(.event(.added(object("a", "3"))))
            harness.send(.streamEnded(nil), after: .seconds(2))
        }
        guard case .listing = harness.machine.phase else {
            Issue.record("does not list")
            return
        }
    }

    @Test(
        "W2 a refused WatchList falls back to a list in the same cycle",
        arguments: [refusal(422, "Invalid"), refusal(400, "BadRequest"), refusal(403, "Forbidden")]
    )
    func fallsBack(_ error: KubernetesError) {
        var harness = MachineHarness()
        harness.send(.start)
        #expect(harness.send(.watchOpenFailed(error)).list?.resourceVersion == "0")
    }

    @Test("W2 an error event among the initial events falls back to a list too") func inStreamRefusal() {
        var harness = MachineHarness()
        harness.send(.start)
        harness.send(.watchOpened)
        let status = KubernetesStatus(code: 500, reason: "InternalError", message: "etcd is too old")
        #expect(harness.send(.event(.error(status))).list != nil)
        harness.send(.listed(page([], "5")))
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).watch?.sendsInitialEvents == true)
    }

    @Test(
        "W2 429 and a refused connection are retried as WatchList after a backoff",
        arguments: [throttled, connectionRefused]
    )
    func retriesWatchList(_ error: KubernetesError) {
        var harness = MachineHarness()
        harness.send(.start)
        #expect(harness.send(.watchOpenFailed(error)).sleep == .milliseconds(800))
        #expect(harness.send(.slept).watch?.sendsInitialEvents == true)
    }

    @Test("W2 after 410 or a version of the future WatchList starts from no version", arguments: [gone, tooLarge])
    func watchListAfterExpiry(_ error: KubernetesError) {
        var harness = MachineHarness()
        harness.startWatching()
        harness.send(.event(.error(KubernetesStatus(code: 410, reason: "Expired", message: ""))))
        #expect(harness.send(.slept).watch?.resourceVersion == "5")
        let clean = harness.send(.watchOpenFailed(error))
        #expect(clean.watch?.resourceVersion == "")
        #expect(clean.watch?.sendsInitialEvents == true)
        #expect(harness.send(.watchOpenFailed(error)).sleep != nil)
    }

    @Test("W3 silence among initial events leads to a list, and WatchList is not tried again") func silence() {
        var harness = MachineHarness()
        harness.send(.start)
        harness.send(.watchOpened)
        #expect(harness.machine.awaitsInitialEvents)
        #expect(harness.send(.initialEventsTimedOut).list != nil)
        harness.send(.listed(page([], "5")))
        #expect(!harness.machine.awaitsInitialEvents)
        harness.send(.watchOpenFailed(gone))
        #expect(harness.send(.slept).list != nil)
    }

    @Test("W15 an object that cannot be read is part of the replacement") func undecodableInitialObject() {
        var harness = MachineHarness()
        harness.send(.start)
        harness.send(.watchOpened)
        let bad = UndecodableObject(metadata: object("bad", "3").metadata, reason: "spec.x: wrong")
        harness.send(.event(.undecodable(bad, isDeletion: false)))
        guard case .replace(_, let undecodable, _)? = harness.send(initialBookmark("9")).events.first else {
            Issue.record("not replaced")
            return
        }
        #expect(undecodable == [bad])
    }
}

@Suite("Reflector: watch", .timeLimit(.minutes(1)))
struct ReflectorWatchTests {
    @Test(
        "W7 a watch ends by itself after 240 to 290 seconds at random",
        arguments: [(0.0, 240), (0.5, 265), (0.999, 289)]
    )
    func timeout(_ unit: Double, _ seconds: Int) {
        var harness = MachineHarness(watchList: false, unit: unit)
        harness.send(.start)
        #expect(harness.send(.listed(page([], "5"))).watch?.timeoutSeconds == seconds)
    }

    @Test("W8 every event moves the version, bookmarks too") func versions() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let events: [WatchEvent<ConfigMap>] = [
            .added(object("a", "6")), .modified(object("a", "7")), .deleted(object("a", "8")),
            .bookmark(resourceVersion: "9", initialEventsEnd: false),
            .undecodable(UndecodableObject(metadata: object("b", "10").metadata, reason: ""), isDeletion: false),
        ]
        for (event, version) in zip(events, 6...) {
            harness.send(.event(event))
            #expect(harness.machine.resourceVersion == "\(version)")
        }
        #expect(harness.send(.streamEnded(nil), after: .seconds(5)).watch?.resourceVersion == "10")
    }

    @Test(
        "W8 synthetic ADDED of a watch from nothing do not move the version until something else comes",
        arguments: ["", "0"]
    )
    func syntheticEvents(_ version: String) {
        var harness = MachineHarness(watchList: false)
        harness.send(.start)
        harness.send(.listed(page([], version)))
        harness.send(.watchOpened)
        harness.send(.event(.added(object("a", "9"))))
        harness.send(.event(.added(object("b", "3"))))
        #expect(harness.machine.resourceVersion == version)
        harness.send(.event(.modified(object("b", "11"))))
        harness.send(.event(.added(object("c", "12"))))
        #expect(harness.machine.resourceVersion == "12")
    }

    @Test("W9 a watch that ends cleanly is followed by the next at once, without a list") func cleanEnd() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        #expect(harness.send(.streamEnded(nil), after: .seconds(250)).watch?.resourceVersion == "5")
    }

    @Test("W9 a watch of under a second without an event leads to a backoff and a list") func veryShortWatch() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        #expect(harness.send(.streamEnded(nil), after: .milliseconds(999)).sleep != nil)
        #expect(harness.send(.slept).list != nil)
    }

    @Test("W9 a server that ends every watch after its first event is not asked in a tight circle") func shortWatches()
    {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        harness.send(.event(.bookmark(resourceVersion: "6", initialEventsEnd: false)))
        #expect(harness.send(.streamEnded(nil)).watch != nil)
        harness.send(.watchOpened)
        harness.send(.event(.bookmark(resourceVersion: "7", initialEventsEnd: false)))
        #expect(harness.send(.streamEnded(nil)).sleep != nil)
        #expect(harness.send(.slept).watch?.resourceVersion == "7")
    }

    @Test("W10 410 inside the stream and as HTTP status take the same way: backoff, list at the last version")
    func expired() {
        for watchList in [true, false] {
            var inStream = MachineHarness(watchList: watchList)
            inStream.startWatching()
            var onOpening = inStream
            let status = KubernetesStatus(code: 410, reason: "Expired", message: "")
            let first = inStream.send(.event(.error(status)))
            onOpening.send(.streamEnded(nil), after: .seconds(2))
            let second = onOpening.send(.watchOpenFailed(gone))
            #expect(first.sleep == .milliseconds(800))
            #expect(second.sleep == .milliseconds(800))
            let next = (inStream.send(.slept), onOpening.send(.slept))
            #expect((next.0.list?.resourceVersion ?? next.0.watch?.resourceVersion) == "5")
            #expect((next.1.list?.resourceVersion ?? next.1.watch?.resourceVersion) == "5")
        }
    }

    @Test("W10 429 inside the stream keeps the version and watches again after a backoff") func throttledInStream() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let status = KubernetesStatus(code: 429, reason: "TooManyRequests", message: "")
        #expect(harness.send(.event(.error(status))).sleep != nil)
        #expect(harness.send(.slept).watch?.resourceVersion == "5")
    }

    @Test("W10 an internal error leads to a list, or within the window to another watch") func internalError() {
        let status = KubernetesStatus(code: 500, reason: "InternalError", message: "")
        var strict = MachineHarness(watchList: false)
        strict.startWatching()
        strict.send(.event(.error(status)))
        #expect(strict.send(.slept).list != nil)
        var lenient = MachineHarness(watchList: false, window: .seconds(10))
        lenient.startWatching()
        lenient.send(.event(.error(status)))
        #expect(lenient.send(.slept).watch?.resourceVersion == "5")
        lenient.send(.watchOpened)
        lenient.send(.event(.error(status)), after: .seconds(10))
        #expect(lenient.send(.slept).list != nil)
    }

    @Test("W10 any other error event is reported and leads to a list after a backoff") func otherError() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let output = harness.send(.event(.error(KubernetesStatus(code: 400, reason: "BadRequest", message: "what?"))))
        #expect(output.notices.count == 1)
        #expect(output.sleep != nil)
        #expect(harness.send(.slept).list?.resourceVersion == "5")
    }

    @Test(
        "W11 a refused connection or 429 keeps the version and lists nothing",
        arguments: [connectionRefused, throttled]
    )
    func refusedWatch(_ error: KubernetesError) {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        harness.send(.streamEnded(nil), after: .seconds(5))
        for _ in 0..<10 {
            #expect(harness.send(.watchOpenFailed(error)).sleep != nil)
            #expect(harness.send(.slept).watch?.resourceVersion == "5")
        }
    }

    @Test("W13 silence on an open watch counts as its end") func idle() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let idle = KubernetesError(.timeout, "idle", underlying: HTTPTransportError(.idle, "idle"))
        #expect(harness.send(.streamEnded(idle), after: .seconds(295)).watch?.resourceVersion == "5")
    }

    @Test("W14 a line that cannot be read is an error, and the list supplies what it held") func unreadableLine() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        #expect(harness.send(.streamEnded(KubernetesError(.decoding, "too long")), after: .seconds(5)).sleep != nil)
        #expect(harness.send(.slept).list != nil)
    }

    @Test("W15 an object that cannot be read is reported, and the watch goes on") func undecodable() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let bad = UndecodableObject(metadata: object("bad", "6").metadata, reason: "no")
        let output = harness.send(.event(.undecodable(bad, isDeletion: false)))
        #expect(output.next == .read)
        #expect(output.events.count == 1)
    }

    @Test("W15 an unknown event is reported and ignored") func unknownEvent() {
        var harness = MachineHarness(watchList: false)
        harness.startWatching()
        let output = harness.send(.event(.unknown(type: "MOVED")))
        #expect(output.events.isEmpty)
        #expect(output.next == .read)
        #expect(output.notices.count == 1)
        #expect(harness.machine.resourceVersion == "5")
    }
}
