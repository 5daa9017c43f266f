/// Waits that double up to a cap and are stretched at random (W12; apimachinery `wait.Backoff.DelayWithReset`).
struct Backoff: Sendable {
    private let base: Duration
    private let cap: Duration
    private let jitter: Double
    private let resetInterval: Duration
    private var next: Duration
    private var lastReset: ContinuousClock.Instant

    /// client-go's reflector: 800 ms doubling to 30 s, each wait in d..<2d, back to 800 ms two minutes after the last
    /// time.
    init(
        base: Duration = .milliseconds(800),
        cap: Duration = .seconds(30),
        jitter: Double = 1,
        resetInterval: Duration = .seconds(120),
        now: ContinuousClock.Instant
    ) {
        self.base = base
        self.cap = cap
        self.jitter = jitter
        self.resetInterval = resetInterval
        next = base
        lastReset = now
    }

    /// The next wait. The jitter is not fed back into the doubling.
    mutating func step(_ now: ContinuousClock.Instant, unit: Double) -> Duration {
        if now - lastReset > resetInterval {
            next = base
            lastReset = now
        }
        let delay = next
        next = min(next * 2, cap)
        return delay.stretched(by: jitter, unit: unit)
    }
}
