import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Synchronization

/// What has become of requests for scans of a ModelApp's own (`modelapp.dev/reconcile-requested-at`).
///
/// A request is handled once its scans have ended: one that has to wait for its turn in the budget stays, and from its
/// second pass on scans that began since the first do.
final class RequestedScans: Sendable {
    private struct State {
        var handled: String?
        var begun: (request: String, at: ContinuousClock.Instant)?
    }

    private let states = Mutex<[ObjectKey: State]>([:])

    /// The request of `app` that no scan has answered yet: neither one of this process nor, by the status, of one before.
    func open(of app: ModelApp) -> String? {
        guard let request = app.metadata.annotations[Keys.reconcileRequestedAt],
            String(request.prefix(256)) != app.status.lastHandledReconcileAt,
            states.withLock({ $0[app.key]?.handled }) != request
        else { return nil }
        return request
    }

    /// Since when the scans for a request are under way; nil where they begin now.
    func begin(_ request: String, of key: ObjectKey, at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        states.withLock { states in
            if let begun = states[key]?.begun, begun.request == request { return begun.at }
            states[key, default: State()].begun = (request, now)
            return nil
        }
    }

    /// Remembers that a request was answered.
    func handled(_ request: String, of key: ObjectKey) {
        states.withLock { $0[key] = State(handled: request) }
    }

    /// Forgets a ModelApp that is gone.
    func forget(_ key: ObjectKey) { states.withLock { $0[key] = nil } }
}

extension ModelAppReconciler {
    /// Looks up both halves of `app`.
    func resolve(_ app: ModelApp, _ observation: Observation) async -> Resolver.Answer {
        var due = due[app.key]
        let request = requests.open(of: app)
        let began = request.flatMap { requests.begin($0, of: app.key, at: time.now) }
        if let began { due = due.including(began) }
        let isRequested = request != nil && began == nil
        let answer = await resolver.resolve(app, observation: observation, isRequested: isRequested, due: due)
        if let request, answer.postponedUntil == nil, !Task.isCancelled { requests.handled(request, of: app.key) }
        return answer
    }
}
