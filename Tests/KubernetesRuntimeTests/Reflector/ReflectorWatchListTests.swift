import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing

@testable import KubernetesRuntime

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
