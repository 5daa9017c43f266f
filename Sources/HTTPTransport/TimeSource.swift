public import Artifacts

/// A clock whose instants are those of `ContinuousClock`, so that a test clock can stand in for it.
public protocol MonotonicClock: Clock where Instant == ContinuousClock.Instant {}

extension ContinuousClock: MonotonicClock {}

/// Where a component gets its time from: a monotonic clock to wait and measure by, and the date for what it writes.
public struct TimeSource: Sendable {
    /// For waiting and measuring.
    public var clock: any MonotonicClock
    /// The wall clock. Only for values that others read; never for measuring.
    public var date: @Sendable () -> Timestamp

    /// A time source of its two parts.
    public init(clock: any MonotonicClock, date: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
        self.date = date
    }

    /// The current instant of the monotonic clock.
    public var now: ContinuousClock.Instant { clock.now }

    /// Waits; throws `CancellationError` if the task is cancelled meanwhile.
    public func sleep(for duration: Duration) async throws {
        try await clock.sleep(until: clock.now.advanced(by: duration), tolerance: nil)
    }

    /// Waits until `deadline`; throws `CancellationError` if the task is cancelled meanwhile.
    public func sleep(until deadline: ContinuousClock.Instant) async throws {
        try await clock.sleep(until: deadline, tolerance: nil)
    }
}
