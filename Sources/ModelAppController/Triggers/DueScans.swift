import HTTPTransport
import KubernetesAPI
import Synchronization
import Triggers

/// Since when something outside is said to have changed, by ModelApp and half: a scan that began before does not do.
///
/// Lies in memory only: a process that starts scans everything anyway.
final class DueScans: Sendable {
    /// Since when scans of the two halves are due.
    struct Due: Sendable, Hashable {
        var code: ContinuousClock.Instant?
        var model: ContinuousClock.Instant?

        /// The same, with both halves due since `instant` at the least.
        func including(_ instant: ContinuousClock.Instant) -> Due {
            Due(code: max(code ?? instant, instant), model: max(model ?? instant, instant))
        }
    }

    private let due = Mutex<[ObjectKey: Due]>([:])

    /// Notes that `halves` of a ModelApp may have changed.
    func note(_ key: ObjectKey, _ halves: Halves, at now: ContinuousClock.Instant) {
        due.withLock { due in
            if halves.contains(.code) { due[key, default: Due()].code = now }
            if halves.contains(.model) { due[key, default: Due()].model = now }
        }
    }

    /// What is due for a ModelApp. It stays noted: a scan that began since satisfies it for good.
    subscript(key: ObjectKey) -> Due { due.withLock { $0[key] } ?? Due() }

    /// Forgets a ModelApp that is gone.
    func forget(_ key: ObjectKey) { due.withLock { $0[key] = nil } }
}
