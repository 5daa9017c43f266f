import KubernetesAPI
import KubernetesRuntime
import Metrics
import ModelAppAPI

/// Tells people and counters what a written status says that the one before did not. Never waits.
struct StatusReporter: Sendable {
    private let recorder: EventRecorder?
    private let started: CauseCounters
    private let converged: CauseCounters

    /// A reporter; without a recorder it writes no events.
    init(recorder: EventRecorder?, metrics: any MetricsFactory) {
        self.recorder = recorder
        started = CauseCounters("modelapp_releases_started_total", metrics)
        converged = CauseCounters("modelapp_releases_converged_total", metrics)
    }

    /// Reports a status that was written in place of `old`.
    func report(_ app: ModelApp, from old: ModelAppStatus, to new: ModelAppStatus) {
        let news = StatusNews(from: old, to: new)
        if let cause = news.started { started.count(cause) }
        if let cause = news.converged { converged.count(cause) }
        for item in news.items {
            let related = item.release.map { id in
                let key = ObjectKey(namespace: app.metadata.namespace, name: "\(app.metadata.name)-\(id)")
                return ObjectReference(ControllerRevision.resource, key)
            }
            recorder?.record(
                item.type,
                reason: item.reason,
                action: item.rule.action,
                note: item.note,
                regarding: ObjectReference(app),
                related: related
            )
        }
    }

    /// Reports an object whose spec cannot be read.
    func reportUndecodable(_ regarding: ObjectReference, note: String) {
        let rule = EventRule.stalled
        recorder?.record(
            rule.type(reason: "InvalidSpec"),
            reason: "InvalidSpec",
            action: rule.action,
            note: note,
            regarding: regarding
        )
    }
}

/// Releases by cause.
private struct CauseCounters: Sendable {
    // What a ControllerRevision says may be anybody's; the planner knows these.
    private static let causes = ["First", "NewCode", "NewModel", "NewCodeAndModel", "Template", "Rollback", "Other"]
    private let counters: [String: Counter]

    init(_ label: String, _ factory: any MetricsFactory) {
        var counters: [String: Counter] = [:]
        for cause in Self.causes {
            let counter = Counter(label: label, dimensions: [("cause", cause)], factory: factory)
            counter.increment(by: 0)
            counters[cause] = counter
        }
        self.counters = counters
    }

    func count(_ cause: String) { (counters[cause] ?? counters["Other"])?.increment() }
}
