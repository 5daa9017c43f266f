import Synchronization

/// Wakes the one task that waits for it. Signals that nobody waits for are kept, as one.
///
/// An `AsyncStream` would end for good when a task that iterates it is cancelled; this can be waited for again.
final class WakeSignal: Sendable {
    private struct State {
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes the waiter, or lets the next `wait()` return at once.
    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isSignalled = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next signal, at once if there was one since the last wait, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    // The cancellation handler runs after the flag is set: seen here, or the handler finds the waiter.
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return [continuation]
                    }
                    let superseded = state.waiter
                    state.waiter = continuation
                    return superseded.map { [$0] } ?? []
                }
                for continuation in resumed { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
