/// All metrics of the operator, in the order of docs/reference/metrics.md. A test holds the three equal: this list, the
/// page, and what a running operator exports.
public enum MetricCatalog {
    /// The list.
    public static let all: [MetricDescription] = ours + queue + controller + client + process

    private static let ours = [
        MetricDescription(
            "modelapp_build_info",
            .gauge,
            labels: ["version"],
            "Always 1; the label says which version runs."
        ),
        MetricDescription(
            "modelapp_apps",
            .gauge,
            labels: ["reason"],
            "ModelApps by the reason of their condition Ready."
        ),
        MetricDescription(
            "modelapp_scans_total",
            .counter,
            labels: ["source", "result"],
            "Look-ups outside the cluster, by what was looked up."
        ),
        MetricDescription(
            "modelapp_scan_duration_seconds",
            .histogram,
            labels: ["source"],
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
            "How long look-ups took."
        ),
        MetricDescription("modelapp_scans_in_flight", .gauge, "Look-ups that are under way."),
        MetricDescription(
            "modelapp_scans_postponed_total",
            .counter,
            labels: ["reason"],
            "Look-ups that were told to come back, by what was used up."
        ),
        MetricDescription(
            "modelapp_scan_requests_total",
            .counter,
            "Requests that look-ups sent to registries, stores and token servers."
        ),
        MetricDescription(
            "modelapp_scan_requests_unchanged_total",
            .counter,
            "Requests that were answered with nothing but that nothing changed."
        ),
        MetricDescription(
            "modelapp_webhooks_total",
            .counter,
            labels: ["kind", "result"],
            "Requests to the webhook server, by who spoke and what became of it."
        ),
        MetricDescription(
            "modelapp_releases_started_total",
            .counter,
            labels: ["cause"],
            "Releases that began to roll out, by cause."
        ),
        MetricDescription(
            "modelapp_releases_converged_total",
            .counter,
            labels: ["cause"],
            "Releases that came to run on every pod, by cause."
        ),
        MetricDescription(
            "modelapp_in_step_mismatches_total",
            .counter,
            "Applies after which the object still differed from what was applied; see docs/semantics.md."
        ),
        MetricDescription(
            "modelapp_events_written_total",
            .counter,
            "Events that were written, and series that were brought up to date."
        ),
        MetricDescription(
            "modelapp_events_dropped_total",
            .counter,
            "Events that were not written: too many, or the API server could not be reached."
        ),
    ]

    /// client-go `util/workqueue` with controller-runtime's prefix and buckets.
    private static let queue = [
        MetricDescription("workqueue_depth", .gauge, labels: ["name"], "Keys that wait for a worker."),
        MetricDescription("workqueue_adds_total", .counter, labels: ["name"], "Keys that were queued."),
        MetricDescription(
            "workqueue_queue_duration_seconds",
            .histogram,
            labels: ["name"],
            buckets: queueBuckets,
            "How long keys waited for a worker."
        ),
        MetricDescription(
            "workqueue_work_duration_seconds",
            .histogram,
            labels: ["name"],
            buckets: queueBuckets,
            "How long workers had a key."
        ),
        MetricDescription(
            "workqueue_unfinished_work_seconds",
            .gauge,
            labels: ["name"],
            "The sum of the times that the present runs have taken; a steady growth means stuck workers."
        ),
        MetricDescription(
            "workqueue_longest_running_processor_seconds",
            .gauge,
            labels: ["name"],
            "How long the longest of the present runs has taken."
        ),
        MetricDescription(
            "workqueue_retries_total",
            .counter,
            labels: ["name"],
            "Keys that were queued again after an error."
        ),
    ]

    /// controller-runtime `pkg/internal/controller/metrics`.
    private static let controller = [
        MetricDescription(
            "controller_runtime_reconcile_total",
            .counter,
            labels: ["controller", "result"],
            "Reconciles by result: success, requeue_after, error."
        ),
        MetricDescription(
            "controller_runtime_reconcile_errors_total",
            .counter,
            labels: ["controller"],
            "Reconciles that failed."
        ),
        MetricDescription(
            "controller_runtime_terminal_reconcile_errors_total",
            .counter,
            labels: ["controller"],
            "Reconciles that failed and are not tried again before the object changes."
        ),
        MetricDescription(
            "controller_runtime_reconcile_time_seconds",
            .histogram,
            labels: ["controller"],
            buckets: [
                0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25,
                1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
            ],
            "How long reconciles took."
        ),
        MetricDescription(
            "controller_runtime_active_workers",
            .gauge,
            labels: ["controller"],
            "Workers that have a key."
        ),
        MetricDescription(
            "controller_runtime_max_concurrent_reconciles",
            .gauge,
            labels: ["controller"],
            "How many workers there are: `--workers`."
        ),
        MetricDescription(
            "leader_election_master_status",
            .gauge,
            labels: ["name"],
            "1 while this process leads, else 0; there with `--leader-elect` only."
        ),
    ]

    /// client-go `tools/metrics`, and the reflector figures that it once had.
    private static let client = [
        MetricDescription(
            "rest_client_requests_total",
            .counter,
            labels: ["code", "host", "method"],
            "Requests to the API server, watches included; the code is `<error>` where there was no answer."
        ),
        MetricDescription("reflector_lists_total", .counter, labels: ["name"], "Whole lists that were begun."),
        MetricDescription(
            "reflector_watches_total",
            .counter,
            labels: ["name"],
            "Watches that were opened or opened again."
        ),
        MetricDescription("reflector_failures_total", .counter, labels: ["name"], "Lists and watches that failed."),
    ]

    /// Prometheus' own names for what every process has.
    private static let process = [
        MetricDescription("process_cpu_seconds_total", .counter, "Processor time, of the user and of the system."),
        MetricDescription("process_start_time_seconds", .gauge, "When the process began, in seconds since 1970."),
        MetricDescription("process_resident_memory_bytes", .gauge, "Memory that the process has in use."),
        MetricDescription("process_virtual_memory_bytes", .gauge, "Address space that the process has taken."),
        MetricDescription("process_open_fds", .gauge, "Files and sockets that are open."),
        MetricDescription("process_max_fds", .gauge, "How many files and sockets may be open."),
    ]

    /// From 10 ns to 1,000 s (controller-runtime `pkg/internal/metrics/workqueue.go`).
    private static let queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000]
}
