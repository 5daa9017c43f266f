import KubernetesAPI
import KubernetesRuntime
import Metrics
import ModelAppAPI
import Synchronization

/// Counts ModelApps by the reason of their condition `Ready`, as the store changes: a look at one change, not at all
/// ModelApps.
final class ReadinessTally: Sendable {
    /// How many reasons are told apart. A status may be written by anybody who has the right: what comes beyond counts
    /// as `Other`.
    static let limit = 64
    private static let usual = [
        "Converged", "Progressing", "Degraded", "Suspended", "InvalidSpec", "NotSupported", "None", "Other",
    ]

    private struct State {
        var counts: [String: Int] = [:]
        var gauges: [String: Meter] = [:]
    }

    private let factory: any MetricsFactory
    private let state = Mutex(State())

    init(metrics: any MetricsFactory) {
        factory = metrics
        for reason in Self.usual { add(0, to: reason) }
    }

    /// Follows a change of the store. Called for each change once.
    func follow(_ change: StoreChange<ModelApp>) {
        switch change {
        case .added(let app): add(1, to: reason(app))
        case .removed(let app): add(-1, to: reason(app))
        case .changed(let old, let new):
            let (before, after) = (reason(old), reason(new))
            guard before != after else { return }
            add(-1, to: before)
            add(1, to: after)
        }
    }

    private func reason(_ app: ModelApp) -> String { app.status.condition("Ready")?.reason ?? "None" }

    private func add(_ difference: Int, to given: String) {
        let (gauge, count) = state.withLock { state -> (Meter, Int) in
            let isKnown = state.gauges[given] != nil
            let reason = isKnown || state.gauges.count < Self.limit && Self.isWord(given) ? given : "Other"
            let gauge =
                state.gauges[reason]
                ?? Meter(label: "modelapp_apps", dimensions: [("reason", reason)], factory: factory)
            state.gauges[reason] = gauge
            let count = (state.counts[reason] ?? 0) + difference
            state.counts[reason] = count
            return (gauge, count)
        }
        gauge.set(count)
    }

    private static func isWord(_ reason: String) -> Bool {
        (1...64).contains(reason.utf8.count)
            && reason.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) }
    }
}
