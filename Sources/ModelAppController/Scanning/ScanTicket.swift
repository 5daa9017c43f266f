import Synchronization

/// One scan on its way through the budget: keeps its turn while it is told to come back, and says which host its requests
/// are counted for.
///
/// It travels with the task, not through parameters: the requests of a scan are sent by clients that scans share.
final class ScanTicket: Sendable {
    /// The ticket of the scan that this task performs.
    @TaskLocal static var current: ScanTicket?

    private struct State {
        var turn: ContinuousClock.Instant?
        var host: String?
        /// Whether it began once: a scan in parts is not stopped between them.
        var hasBegun = false
    }

    private let state = Mutex(State())

    /// The turn that was given to it.
    var turn: ContinuousClock.Instant? {
        get { state.withLock { $0.turn } }
        set { state.withLock { $0.turn = newValue } }
    }

    /// Which host its requests are counted for, while it is under way.
    var host: String? {
        get { state.withLock { $0.host } }
        set { state.withLock { $0.host = newValue } }
    }

    /// Whether it began once.
    var hasBegun: Bool {
        get { state.withLock { $0.hasBegun } }
        set { state.withLock { $0.hasBegun = newValue } }
    }
}

/// What the look-ups of one pass could not begin, so that the pass is repeated when they can.
final class Postponements: Sendable {
    /// Those of the pass that this task performs.
    @TaskLocal static var current: Postponements?

    private let state = Mutex<(until: ContinuousClock.Instant?, isBlind: Bool)>((nil, false))

    /// Notes that a scan may begin at `until`.
    /// - Parameter isBlind: whether there was no earlier result in its place.
    func note(until: ContinuousClock.Instant, isBlind: Bool) {
        state.withLock { state in
            state.until = max(state.until ?? until, until)
            state.isBlind = state.isBlind || isBlind
        }
    }

    /// When all may begin; nil where nothing was postponed.
    var until: ContinuousClock.Instant? { state.withLock { $0.until } }

    /// Whether something was looked for of which nothing is known.
    var isBlind: Bool { state.withLock { $0.isBlind } }
}
