import DevCluster
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Artifacts
import HTTPTransport

/// A clock whose seconds are shorter than real ones, so that a whole operator with its intervals, back-offs and watch
/// limits runs in a fraction of the time. Nothing is skipped: every task sleeps its share.
struct FastClock: MonotonicClock {
    typealias Instant = ContinuousClock.Instant
    typealias Duration = Swift.Duration

    /// How many seconds pass in one real second.
    let factor: Int
    private let origin = ContinuousClock().now

    init(factor: Int) { self.factor = factor }

    var now: Instant { origin + (ContinuousClock().now - origin) * factor }
    var minimumResolution: Duration { .microseconds(1) }
    /// How far the clock has run.
    var elapsed: Duration { now - origin }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let real = origin + (deadline - origin) / factor
        try await ContinuousClock().sleep(until: real, tolerance: .zero)
    }

    /// A time source whose date begins on 1 January 2026.
    func timeSource() -> TimeSource {
        let start = Timestamp(seconds: 1_767_225_600)
        return TimeSource(clock: self) { start + elapsed }
    }
}
