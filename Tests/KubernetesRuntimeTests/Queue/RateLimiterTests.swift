import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Rate limiter", .timeLimit(.minutes(1)))
struct RateLimiterTests {
    private let now = ContinuousClock().now
    private let calm = RetryPolicy(jitter: 0, perSecond: 1_000_000, burst: 1_000_000)

    @Test("Q9 a key's wait doubles from one second to fifteen minutes") func waitDoublesToCap() {
        var limiter = RateLimiter<String>(calm, now: now)
        let waits = (0..<13).map { _ in limiter.delay(for: "a", now: now, unit: 0) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900].map { .seconds($0) })
        #expect(limiter.failures(of: "a") == 13)
    }

    @Test("Q9 keys fail apart from each other, and forget starts over") func forgetStartsOver() {
        var limiter = RateLimiter<String>(calm, now: now)
        _ = limiter.delay(for: "a", now: now, unit: 0)
        _ = limiter.delay(for: "a", now: now, unit: 0)
        #expect(limiter.delay(for: "b", now: now, unit: 0) == .seconds(1))
        limiter.forget("a")
        #expect(limiter.delay(for: "a", now: now, unit: 0) == .seconds(1))
    }

    @Test("Q9 jitter stretches a wait by up to its share and is not fed back") func jitterIsBounded() {
        var limiter = RateLimiter<String>(RetryPolicy(jitter: 0.5, perSecond: 1e6, burst: 1e6), now: now)
        #expect(limiter.delay(for: "a", now: now, unit: 1) == .milliseconds(1500))
        #expect(limiter.delay(for: "a", now: now, unit: 0) == .seconds(2))
    }

    @Test("Q9 over all keys a bucket lets ten failures a second through after a hundred") func bucketBoundsAllKeys() {
        let policy = RetryPolicy(base: .zero, cap: .zero, jitter: 0)
        var limiter = RateLimiter<Int>(policy, now: now)
        for key in 0..<100 { #expect(limiter.delay(for: key, now: now, unit: 0) == .zero) }
        #expect(limiter.delay(for: 100, now: now, unit: 0) == .milliseconds(100))
        #expect(limiter.delay(for: 101, now: now, unit: 0) == .milliseconds(200))
        #expect(limiter.delay(for: 102, now: now + .seconds(1), unit: 0) == .zero)
    }

    @Test("Q9 the longer of both waits counts") func longerWaitCounts() {
        var limiter = RateLimiter<Int>(RetryPolicy(jitter: 0, perSecond: 0.1, burst: 1), now: now)
        #expect(limiter.delay(for: 1, now: now, unit: 0) == .seconds(1))
        #expect(limiter.delay(for: 2, now: now, unit: 0) == .seconds(10))
    }

    @Test("Q15 a periodic requeue moves by at most five percent to either side") func requeueJitter() {
        #expect(Duration.seconds(100).jittered(unit: 0) == .seconds(95))
        #expect(Duration.seconds(100).jittered(unit: 0.5) == .seconds(100))
        #expect(Duration.seconds(100).jittered(unit: 1) == .seconds(105))
        #expect(Duration.seconds(100).jittered(by: 0, unit: 0.3) == .seconds(100))
    }
}
