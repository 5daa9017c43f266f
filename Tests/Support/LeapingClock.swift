public import Artifacts
public import HTTPTransport
import Synchronization

/// A clock on which nobody waits: whoever sleeps moves it to the end of the sleep.
///
/// For one task, or for several whose order in time does not matter. `TestClock` lets a test decide when time passes.
public final class LeapingClock: MonotonicClock, Sendable {
    /// The instants of `ContinuousClock`.
    public typealias Instant = ContinuousClock.Instant
    /// The durations of `ContinuousClock`.
    public typealias Duration = Swift.Duration

    private let origin = ContinuousClock().now
    private let instant: Mutex<Instant>

    /// A clock that nobody has moved yet.
    public init() { instant = Mutex(origin) }

    /// Where the clock stands.
    public var now: Instant { instant.withLock { $0 } }
    /// A nanosecond.
    public var minimumResolution: Duration { .nanoseconds(1) }
    /// How far the clock was moved since it was made.
    public var elapsed: Duration { now - origin }

    /// Moves the clock to `deadline`, unless it is past that.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        instant.withLock { $0 = max($0, deadline) }
        await Task.yield()
    }

    /// Moves the clock.
    public func advance(by duration: Duration) { instant.withLock { $0 = $0.advanced(by: duration) } }

    /// A time source on this clock whose date starts at `start` and moves with it.
    public func timeSource(startingAt start: Timestamp = Timestamp(seconds: 1_767_225_600)) -> TimeSource {
        TimeSource(clock: self) { start + self.elapsed }
    }
}
