import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing

@testable import KubernetesRuntime

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
