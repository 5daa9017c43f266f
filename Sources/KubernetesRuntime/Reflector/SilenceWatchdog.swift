import HTTPTransport
import Synchronization

/// Notices when nothing was heard for too long (W3).
final class SilenceWatchdog: Sendable {
    private struct State {
        var last: ContinuousClock.Instant
        var isOver = false
        var isBroken = false
    }

    private let limit: Duration
    private let state: Mutex<State>

    init(limit: Duration, now: ContinuousClock.Instant) {
        self.limit = limit
        state = Mutex(State(last: now))
    }

    /// Whether the silence grew too long.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    /// Something came. `isOver`: there is nothing more to guard.
    func heard(_ now: ContinuousClock.Instant, isOver: Bool) {
        state.withLock { state in
            state.last = now
            state.isOver = isOver
        }
    }

    /// Returns when the silence grew too long, when there is nothing more to guard, or when cancelled.
    func run(_ time: TimeSource) async {
        while true {
            let now = time.now
            let deadline = state.withLock { state -> ContinuousClock.Instant? in
                let deadline = state.last.advanced(by: limit)
                if state.isOver { return nil }
                if now >= deadline {
                    state.isBroken = true
                    return nil
                }
                return deadline
            }
            guard let deadline else { return }
            do { try await time.sleep(until: deadline) } catch { return }
        }
    }
}
