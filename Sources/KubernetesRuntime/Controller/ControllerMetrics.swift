import Metrics

/// The figures of one controller (controller-runtime `pkg/internal/controller/metrics`); all exist from the start (Q13).
struct ControllerMetrics: Sendable {
    /// The label `result` of a reconcile.
    enum Result: String, CaseIterable { case success, error, requeueAfter = "requeue_after" }

    private let results: [Result: Counter]
    let errors: Counter
    let terminalErrors: Counter
    let duration: Metrics.Timer
    let activeWorkers: Meter
    let maximumWorkers: Meter

    init(controller: String, workers: Int, factory: any MetricsFactory) {
        let name = [("controller", controller)]
        var results: [Result: Counter] = [:]
        for result in Result.allCases {
            let counter = Counter(
                label: "controller_runtime_reconcile_total",
                dimensions: name + [("result", result.rawValue)],
                factory: factory
            )
            counter.increment(by: 0)
            results[result] = counter
        }
        self.results = results
        errors = Counter(label: "controller_runtime_reconcile_errors_total", dimensions: name, factory: factory)
        terminalErrors = Counter(
            label: "controller_runtime_terminal_reconcile_errors_total",
            dimensions: name,
            factory: factory
        )
        duration = Timer(label: "controller_runtime_reconcile_time_seconds", dimensions: name, factory: factory)
        activeWorkers = Meter(label: "controller_runtime_active_workers", dimensions: name, factory: factory)
        maximumWorkers = Meter(
            label: "controller_runtime_max_concurrent_reconciles",
            dimensions: name,
            factory: factory
        )
        errors.increment(by: 0)
        terminalErrors.increment(by: 0)
        activeWorkers.set(0)
        maximumWorkers.set(workers)
    }

    func count(_ result: Result) { results[result]?.increment() }
}
