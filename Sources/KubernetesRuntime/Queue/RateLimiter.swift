/// How long a failed key waits before it is tried again (client-go `default_rate_limiters.go`).
///
/// Q9: the longer of two waits: one that doubles with each failure of the key, and one from a token bucket over all
/// keys, so that many keys that fail together do not come back together.
public struct RateLimiter<Key: Hashable & Sendable>: Sendable {
    private let policy: RetryPolicy
    private var failures: [Key: Int] = [:]
    private var bucket: TokenBucket

    /// A limiter with a full bucket.
    public init(_ policy: RetryPolicy = RetryPolicy(), now: ContinuousClock.Instant) {
        self.policy = policy
        bucket = TokenBucket(perSecond: policy.perSecond, burst: policy.burst, now: now)
    }

    /// How often the key failed since it was last forgotten.
    public func failures(of key: Key) -> Int { failures[key] ?? 0 }

    /// Counts a failure and returns the wait that follows it.
    /// - Parameter unit: a random number in 0..<1 that stretches the key's own wait; it is not fed back.
    public mutating func delay(for key: Key, now: ContinuousClock.Instant, unit: Double) -> Duration {
        let count = failures[key] ?? 0
        failures[key] = min(count + 1, 1_000_000)
        return max(policy.delay(afterFailures: count).stretched(by: policy.jitter, unit: unit), bucket.reserve(now))
    }

    /// Forgets the key's failures, as after a success.
    public mutating func forget(_ key: Key) { failures[key] = nil }
}

/// How failed keys are tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// The wait after the first failure of a key. One second: a reconcile asks registries, which costs more than
    /// client-go's 5 ms assume.
    public var base: Duration
    /// The longest wait of a key, before jitter.
    public var cap: Duration
    /// Up to which share a key's wait is stretched at random.
    public var jitter: Double
    /// Over all keys: how many failures a second come back at once in the long run.
    public var perSecond: Double
    /// Over all keys: how many failures in a row come back at once.
    public var burst: Double

    /// A policy of its parts.
    public init(
        base: Duration = .seconds(1),
        cap: Duration = .seconds(900),
        jitter: Double = 0.1,
        perSecond: Double = 10,
        burst: Double = 100
    ) {
        self.base = base
        self.cap = cap
        self.jitter = jitter
        self.perSecond = perSecond
        self.burst = burst
    }

    func delay(afterFailures count: Int) -> Duration {
        var delay = base
        for _ in 0..<min(count, 64) where delay < cap { delay *= 2 }
        return min(delay, cap)
    }
}
