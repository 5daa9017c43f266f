import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing
@testable import ModelAppController

/// Scans that have to wait for their turn.
@Suite struct PostponedScanTests {
    private let clock = TestClock()

    /// The way of scans to hosts, with a budget.
    private func way(_ limits: ScanLimits) -> (gate: ScanGate, hosts: HostBackoff) {
        let time = clock.timeSource()
        let gate = ScanGate(limits: limits, time: time)
        return (gate, HostBackoff(time: time, gate: gate))
    }

    /// One pass that looks one thing up with one request: what it got, and what the pass was told.
    private func pass(
        _ scans: SharedScans<String, Int>,
        _ way: (gate: ScanGate, hosts: HostBackoff),
        key: String,
        age: Duration = .seconds(10),
        since: ContinuousClock.Instant? = nil,
        value: Int,
        fails: Bool = false
    ) async -> (value: Int?, postponements: Postponements) {
        let postponements = Postponements()
        let scan = await Postponements.$current.withValue(postponements) {
            await scans.scan(key, maximumAge: age, since: since) { () async throws(ScanFailure) in
                try await way.hosts.perform("https://a", credential: "x") { () async throws(ScanFailure) in
                    way.gate.noteRequest()
                    if fails { throw ScanFailure(reason: "Down", message: "down", reach: .host) }
                    return value
                }
            }
        }
        return (try? scan.result.get(), postponements)
    }

    @Test func aScanWithoutATokenEndsAtOnceAndBeginsAtItsTurnForAllWhoAsked() async {
        let way = way(ScanLimits(requestsPerSecond: 1, burst: 1, slots: 8))
        let scans = SharedScans<String, Int>(time: clock.timeSource())
        #expect(await pass(scans, way, key: "one", value: 1).value == 1)
        for _ in 0..<50 {
            let (value, postponements) = await pass(scans, way, key: "two", value: 2)
            #expect(value == nil)
            #expect(postponements.isBlind)
            #expect(postponements.until == clock.now + .seconds(1))
        }
        #expect(await scans.started == 1, "what was postponed was not begun")
        clock.advance(by: .seconds(1))
        #expect(await pass(scans, way, key: "two", value: 2).value == 2)
        #expect(await pass(scans, way, key: "two", value: 3).value == 2, "and is shared")
    }

    @Test func anOlderResultServesMeanwhileAndThePassIsToldToComeBack() async {
        let way = way(ScanLimits(requestsPerSecond: 1, burst: 1, slots: 8))
        let scans = SharedScans<String, Int>(time: clock.timeSource())
        #expect(await pass(scans, way, key: "one", value: 1).value == 1)
        let (value, postponements) = await pass(scans, way, key: "one", since: clock.now + .seconds(1), value: 2)
        #expect(value == 1)
        #expect(!postponements.isBlind)
        #expect(postponements.until == clock.now + .seconds(1))
        let fresh = await pass(scans, way, key: "one", value: 2)
        #expect(fresh.value == 1 && fresh.postponements.until == nil, "who is content with it is told nothing")
    }

    @Test func aHostThatIsLeftAloneCostsNoTurn() async {
        let way = way(ScanLimits(requestsPerSecond: 1, burst: 2, slots: 8))
        let scans = SharedScans<String, Int>(time: clock.timeSource())
        #expect(await pass(scans, way, key: "bad", value: 1, fails: true).value == nil)
        for number in 0..<20 {
            let (_, postponements) = await pass(scans, way, key: "key-\(number)", value: 1)
            #expect(postponements.until == nil)
        }
        clock.advance(by: .seconds(1))
        #expect(await pass(scans, way, key: "good", value: 1).value == 1)
    }

    @Test func whatIsPostponedAndWhatIsSentIsCounted() async throws {
        let metrics = TestMetrics()
        let time = clock.timeSource()
        let gate = ScanGate(limits: ScanLimits(requestsPerSecond: 1, burst: 1, slots: 1), time: time, metrics: metrics)
        let way = (gate: gate, hosts: HostBackoff(time: time, gate: gate))
        let scans = SharedScans<String, Int>(time: time)
        let transport = CountedTransport(base: FakeTransport { _, _ in .init(304) }, gate: gate)
        let url = HTTPURL(scheme: "https", host: "a")
        let scan = await scans.scan("one", maximumAge: .seconds(10)) { () async throws(ScanFailure) in
            try await way.hosts.perform("https://a", credential: "x") { () async throws(ScanFailure) in
                for _ in 0..<3 {
                    _ = try? await transport.withResponse(to: url.request(.get), body: nil, timeouts: .call) { _, _ in 1
                    }
                }
                #expect(metrics["modelapp_scans_in_flight"]?.sum == 1)
                return 1
            }
        }
        #expect(try scan.result.get() == 1)
        // Outside of scans nothing is counted: fetches and bakes have bounds of their own.
        _ = try await transport.withResponse(to: url.request(.get), body: nil, timeouts: .call) { _, _ in 1 }
        #expect(metrics["modelapp_scan_requests_total"]?.sum == 3)
        #expect(metrics["modelapp_scans_in_flight"]?.sum == 0)
        let (_, postponements) = await pass(scans, way, key: "two", value: 2)
        // Three requests for a burst of one: two are owed, and the next costs one.
        #expect(postponements.until == clock.now + .seconds(3))
        #expect(metrics["modelapp_scans_postponed_total,reason=Requests"]?.sum == 1)
        #expect(metrics["modelapp_scans_postponed_total,reason=Slots"]?.sum == 0)
    }

    @Test func aPartOfAScanThatIsUnderWayIsNotStopped() async {
        let way = way(ScanLimits(requestsPerSecond: 1, burst: 1, slots: 1))
        let scans = SharedScans<String, Int>(time: clock.timeSource())
        let scan = await scans.scan("two parts", maximumAge: .seconds(10)) { () async throws(ScanFailure) in
            var sum = 0
            for part in 1...3 {
                sum += try await way.hosts.perform("https://a", credential: "x") { () async throws(ScanFailure) in part
                }
            }
            return sum
        }
        #expect((try? scan.result.get()) == 6)
    }
}
