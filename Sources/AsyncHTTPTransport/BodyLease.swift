import Synchronization

/// Whether a response's body may still be read: once, and only while its exchange lasts.
final class BodyLease: Sendable {
    private struct State {
        var isTaken = false
        var isOpen = true
    }

    private let state = Mutex(State())

    /// True for the first caller, while the exchange lasts.
    func take() -> Bool {
        state.withLock { state in
            guard state.isOpen, !state.isTaken else { return false }
            state.isTaken = true
            return true
        }
    }

    /// Whether the exchange lasts.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// The exchange is over.
    func end() { state.withLock { $0.isOpen = false } }
}
