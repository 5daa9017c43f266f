/// What all scans together may ask of hosts outside of the cluster.
public struct ScanLimits: Sendable, Hashable {
    /// How many requests a second one host gets in the long run.
    public var requestsPerSecond: Int
    /// How many one host gets at once after a rest.
    public var burst: Int
    /// How many scans are under way at the same time, of all hosts.
    public var slots: Int

    /// Limits of their parts. The defaults: what the smaller offers of registries take (3,000 requests a minute), and a
    /// cold start of 200 repositories without a wait worth mentioning.
    public init(requestsPerSecond: Int = 50, burst: Int = 500, slots: Int = 16) {
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst
        self.slots = slots
    }
}

/// Decides when a scan may begin: a bucket of tokens for each host, and a number of slots for all.
///
/// Nobody waits here. Who cannot begin is told when to come back, and its token is set aside for then: turns are given in
/// the order in which they were asked for, and nobody is told twice to come back for want of a token. A scan pays for its
/// first request when it begins and for the others as it sends them, so that a long list puts its host in debt, and what
/// follows waits until that is paid.
///
/// Pure: no clock, no lock, no task.
struct ScanBudget {
    typealias Instant = ContinuousClock.Instant

    /// Why a scan cannot begin yet.
    enum Shortage: String, Sendable, CaseIterable {
        /// The host had as many requests as it is to get.
        case requests = "Requests"
        /// As many scans as may be are under way.
        case slots = "Slots"
    }

    /// Whether a scan may begin.
    enum Answer: Sendable, Hashable {
        case begin
        /// Not before then. With a turn: a token is set aside, and is to be shown when asking again.
        case wait(until: Instant, turn: Instant?, Shortage)
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: Instant
        /// First requests that were paid for and not sent yet.
        var prepaid = 0
        var scans = 0
    }

    /// How long to wait for a slot before asking again: about what a scan takes.
    static let slotPause = Duration.milliseconds(200)
    /// From how many hosts on those that are at rest are forgotten: a full bucket is what a new host gets.
    private static let manyHosts = 1024

    let limits: ScanLimits
    private var buckets: [String: Bucket] = [:]
    /// How many scans are under way.
    private(set) var inFlight = 0

    init(limits: ScanLimits) { self.limits = limits }

    /// Asks to begin a scan of `host`; what is begun must be ended with `leave`.
    /// - Parameter turn: the turn that an earlier answer gave.
    mutating func enter(_ host: String, turn: Instant?, now: Instant) -> Answer {
        if let turn, now < turn { return .wait(until: turn, turn: turn, .requests) }
        guard inFlight < limits.slots else { return .wait(until: now + Self.slotPause, turn: turn, .slots) }
        var bucket = filled(host, now)
        if turn == nil {
            bucket.tokens -= 1
            if bucket.tokens < 0 {
                let turn = now + .seconds(-bucket.tokens / Double(limits.requestsPerSecond))
                buckets[host] = bucket
                return .wait(until: turn, turn: turn, .requests)
            }
        }
        bucket.prepaid += 1
        bucket.scans += 1
        inFlight += 1
        buckets[host] = bucket
        return .begin
    }

    /// A scan of `host` sends a request.
    mutating func charge(_ host: String, now: Instant) {
        var bucket = filled(host, now)
        if bucket.prepaid > 0 { bucket.prepaid -= 1 } else { bucket.tokens -= 1 }
        buckets[host] = bucket
    }

    /// A scan of `host` is over. What it paid and did not send is given back with the last one under way.
    mutating func leave(_ host: String, now: Instant) {
        inFlight -= 1
        var bucket = filled(host, now)
        bucket.scans -= 1
        if bucket.scans == 0 {
            bucket.tokens = min(bucket.tokens + Double(bucket.prepaid), Double(limits.burst))
            bucket.prepaid = 0
        }
        buckets[host] = bucket
    }

    /// The bucket of `host` with what came in since it was looked at.
    private mutating func filled(_ host: String, _ now: Instant) -> Bucket {
        if buckets[host] == nil, buckets.count >= Self.manyHosts { forgetIdle(now) }
        let bucket = buckets[host] ?? Bucket(tokens: Double(limits.burst), filledAt: now)
        return filled(bucket, now)
    }

    private func filled(_ bucket: Bucket, _ now: Instant) -> Bucket {
        var bucket = bucket
        let income = (now - bucket.filledAt) / .seconds(1) * Double(limits.requestsPerSecond)
        bucket.tokens = min(bucket.tokens + max(income, 0), Double(limits.burst))
        bucket.filledAt = max(bucket.filledAt, now)
        return bucket
    }

    private mutating func forgetIdle(_ now: Instant) {
        buckets = buckets.filter { _, bucket in
            bucket.scans > 0 || filled(bucket, now).tokens < Double(limits.burst)
        }
    }
}
