import HTTPTransport

/// Results of scans that several ModelApps share: one scan at a time for a key, one result for all who ask.
///
/// A result is served while it is younger than the asker wants. A failure is kept too, with a back-off that doubles
/// from a second to five minutes, with a jitter of a tenth, and honours what the server asked for, so that a source in
/// trouble is left alone. Where a scan may not begin yet, an older result is served, and the pass of the asker is told
/// when to come back.
actor SharedScans<Key: Hashable & Sendable, Value: Sendable> {
    /// A result, when it was asked for and when it was obtained.
    struct Scan: Sendable {
        var result: Result<Value, ScanFailure>
        var began: ContinuousClock.Instant
        var at: ContinuousClock.Instant
    }

    private struct Entry {
        var scan: Scan?
        var isRunning = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var failures = 0
        var notBefore: ContinuousClock.Instant?
        /// The turn of a scan that may not begin yet.
        var ticket: ScanTicket?
        var postponedUntil: ContinuousClock.Instant?
        var lastUse: ContinuousClock.Instant
    }

    private let time: TimeSource
    private let limit: Int
    private let metrics: ScanMetrics?
    private let random: @Sendable () -> Double
    private var entries: [Key: Entry] = [:]
    private(set) var started = 0

    /// An empty cache of at most `limit` keys; those that were not used for longest are forgotten first.
    init(
        time: TimeSource,
        limit: Int = 20_000,
        metrics: ScanMetrics? = nil,
        random: @escaping @Sendable () -> Double = { 0 }
    ) {
        self.time = time
        self.random = random
        self.metrics = metrics
        self.limit = limit
    }

    /// The result for `key`, by a scan if there is none younger than `maximumAge`.
    /// - Parameters:
    ///   - maximumAge: zero for a scan of its own, also of a source that is being left alone: somebody asked for it.
    ///   - since: when something is known to have changed: a scan that began before does not do, whatever its age, nor
    ///     does the back-off of its source.
    ///   - isCurrent: whether a result that is young enough still serves; asked at most once a second.
    func scan(
        _ key: Key,
        maximumAge: Duration,
        since: ContinuousClock.Instant? = nil,
        perform: @Sendable () async throws(ScanFailure) -> Value,
        isCurrent: @Sendable (Value) -> Bool = { _ in true }
    ) async -> Scan {
        while true {
            var entry = entries[key] ?? Entry(lastUse: time.now)
            entry.lastUse = time.now
            entries[key] = entry
            if let scan = entry.scan, isFresh(scan, entry, maximumAge, since, isCurrent) { return scan }
            if let until = entry.postponedUntil, time.now < until { return postponed(entry, until) }
            guard entry.isRunning else { break }
            await withCheckedContinuation { continuation in
                entries[key]?.waiters.append(continuation)
            }
        }
        let ticket = entries[key]?.ticket ?? ScanTicket()
        entries[key]?.isRunning = true
        entries[key]?.ticket = ticket
        started += 1
        let start = time.now
        let result: Result<Value, ScanFailure> = await ScanTicket.$current.withValue(ticket) {
            do throws(ScanFailure) {
                return .success(try await perform())
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let failure) = result, let until = failure.postponedUntil { return postpone(key, until) }
        metrics?.count(result, took: time.now - start)
        return finish(key, result, began: start)
    }

    /// Nothing was asked: the turn is kept, and who else wants to know comes back with it.
    private func postpone(_ key: Key, _ until: ContinuousClock.Instant) -> Scan {
        started -= 1
        var entry = entries[key] ?? Entry(lastUse: time.now)
        let waiters = entry.waiters
        entry.waiters = []
        entry.isRunning = false
        entry.postponedUntil = until
        entries[key] = entry
        for waiter in waiters { waiter.resume() }
        return postponed(entry, until)
    }

    /// What is known meanwhile.
    private func postponed(_ entry: Entry, _ until: ContinuousClock.Instant) -> Scan {
        Postponements.current?.note(until: until, isBlind: entry.scan == nil)
        return entry.scan ?? Scan(result: .failure(.postponed(until: until)), began: time.now, at: time.now)
    }

    /// Forgets when `key` was scanned, so that the next asker scans again.
    func expire(_ key: Key) {
        entries[key]?.scan = nil
        entries[key]?.notBefore = nil
    }

    private func isFresh(
        _ scan: Scan,
        _ entry: Entry,
        _ maximumAge: Duration,
        _ since: ContinuousClock.Instant?,
        _ isCurrent: (Value) -> Bool
    ) -> Bool {
        guard maximumAge > .zero else { return false }
        if let since, scan.began < since { return false }
        if let notBefore = entry.notBefore { return time.now < notBefore }
        let age = time.now - scan.at
        guard age < maximumAge else { return false }
        guard age >= .seconds(1), case .success(let value) = scan.result else { return true }
        return isCurrent(value)
    }

    private func finish(_ key: Key, _ result: Result<Value, ScanFailure>, began: ContinuousClock.Instant) -> Scan {
        let scan = Scan(result: result, began: began, at: time.now)
        guard var entry = entries[key] else { return scan }
        let waiters = entry.waiters
        entry.waiters = []
        entry.isRunning = false
        (entry.ticket, entry.postponedUntil) = (nil, nil)
        switch result {
        case .success:
            entry.failures = 0
            entry.notBefore = nil
            entry.scan = scan
        case .failure(let failure) where failure.isCancelled:
            // Who was cancelled speaks for nobody else: a waiter scans in its place.
            entry.scan = nil
        case .failure(let failure) where failure.isDeferred:
            // Nothing was asked, so what the source said last still stands.
            entry.notBefore = scan.at + (failure.retryAfter ?? .seconds(1))
            if case .failure? = entry.scan?.result {} else { entry.scan = scan }
            let kept = entry.scan ?? scan
            entries[key] = entry
            for waiter in waiters { waiter.resume() }
            return kept
        case .failure(let failure):
            entry.failures = min(entry.failures + 1, 16)
            let backoff = Duration.seconds(min(1 << (entry.failures - 1), 300)) * (1 + 0.1 * random())
            entry.notBefore = scan.at + max(failure.retryAfter ?? .zero, backoff)
            entry.scan = scan
        }
        entries[key] = entry
        for waiter in waiters { waiter.resume() }
        forgetOldest()
        return scan
    }

    private func forgetOldest() {
        guard entries.count > limit else { return }
        let idle = entries.filter { !$0.value.isRunning }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, _) in idle.prefix(entries.count - limit * 9 / 10) { entries[key] = nil }
    }
}
