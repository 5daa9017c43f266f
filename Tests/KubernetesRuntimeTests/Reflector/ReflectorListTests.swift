import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing

@testable import KubernetesRuntime

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
