import HTTPTransport
import HTTPTypes
import Metrics
import Synchronization

/// Lets scans begin within the budget, and counts what they send.
///
/// A scan that may not begin yet fails as postponed, at once: it holds no worker while it waits.
final class ScanGate: Sendable {
    private let time: TimeSource
    private let random: @Sendable () -> Double
    /// Nil where there are no limits.
    private let budget: Mutex<ScanBudget?>
    private let inFlight: Meter
    private let postponed: [ScanBudget.Shortage: Counter]
    private let requests: Counter
    private let unchanged: Counter

    /// A gate; without limits it is open, and only counts.
    init(
        limits: ScanLimits?,
        time: TimeSource,
        random: @escaping @Sendable () -> Double = { 0 },
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        self.time = time
        self.random = random
        budget = Mutex(limits.map { ScanBudget(limits: $0) })
        inFlight = Meter(label: "modelapp_scans_in_flight", factory: metrics)
        postponed = Dictionary(
            uniqueKeysWithValues: ScanBudget.Shortage.allCases.map { shortage in
                let label = [("reason", shortage.rawValue)]
                return (shortage, Counter(label: "modelapp_scans_postponed_total", dimensions: label, factory: metrics))
            }
        )
        requests = Counter(label: "modelapp_scan_requests_total", factory: metrics)
        unchanged = Counter(label: "modelapp_scan_requests_unchanged_total", factory: metrics)
        inFlight.set(0)
        for counter in Array(postponed.values) + [requests, unchanged] { counter.increment(by: 0) }
    }

    /// Performs `scan` of `host`, or throws a postponed failure that says when it may begin.
    func pass<Value: Sendable>(
        _ host: String,
        _ scan: () async throws(ScanFailure) -> Value
    ) async throws(ScanFailure) -> Value {
        // Not performed for ModelApps, but for somebody who waits at a terminal.
        guard let ticket = ScanTicket.current else { return try await scan() }
        // A part of a scan that is under way: it goes on.
        if ticket.hasBegun { return try await scan() }
        let now = time.now
        let (answer, count) = budget.withLock { budget in
            (budget?.enter(host, turn: ticket.turn, now: now) ?? .begin, budget?.inFlight ?? 0)
        }
        if case .wait(let until, let turn, let shortage) = answer {
            ticket.turn = turn
            postponed[shortage]?.increment()
            // Those who wait for a slot do not come back all at once.
            let spread = shortage == .slots ? ScanBudget.slotPause * random() : .zero
            throw ScanFailure.postponed(until: until + spread)
        }
        inFlight.set(count)
        ticket.hasBegun = true
        ticket.host = host
        defer {
            ticket.host = nil
            let now = time.now
            let rest = budget.withLock { budget in
                budget?.leave(host, now: now)
                return budget?.inFlight ?? 0
            }
            inFlight.set(rest)
        }
        return try await scan()
    }

    /// Counts a request of the scan that this task performs.
    func noteRequest() {
        guard let host = ScanTicket.current?.host else { return }
        requests.increment()
        let now = time.now
        budget.withLock { $0?.charge(host, now: now) }
    }

    /// Counts an answer that said that nothing changed.
    func noteUnchanged() { unchanged.increment() }
}

/// A transport whose requests are counted.
struct CountedTransport: HTTPTransport {
    let base: any HTTPTransport
    let gate: ScanGate

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        gate.noteRequest()
        return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
            if response.status == .notModified { gate.noteUnchanged() }
            return try await consume(response, chunks)
        }
    }
}

extension SourceAccess {
    /// The same access with its requests counted by `gate`.
    func counted(by gate: ScanGate) -> SourceAccess {
        var access = self
        let transport = self.transport
        access.transport = { trust in CountedTransport(base: try await transport(trust), gate: gate) }
        return access
    }
}
