/// Tokens that come back at a constant rate. More may be taken than are there: then the taker waits for them.
public struct TokenBucket: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: ContinuousClock.Instant

    /// A full bucket.
    /// - Parameters:
    ///   - perSecond: how many tokens come back in a second.
    ///   - burst: how many it holds, at least one.
    public init(perSecond: Double, burst: Double, now: ContinuousClock.Instant) {
        self.perSecond = max(perSecond, 0.000_001)
        self.burst = max(burst, 1)
        tokens = self.burst
        last = now
    }

    /// Takes a token and returns how long to wait for it.
    public mutating func reserve(_ now: ContinuousClock.Instant) -> Duration {
        refill(now)
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }

    /// Takes a token if there is one.
    public mutating func take(_ now: ContinuousClock.Instant) -> Bool {
        refill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// How many tokens are there; negative while takers wait.
    public mutating func remaining(_ now: ContinuousClock.Instant) -> Double {
        refill(now)
        return tokens
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        guard now > last else { return }
        tokens = min(burst, tokens + (now - last) / .seconds(1) * perSecond)
        last = now
    }
}
