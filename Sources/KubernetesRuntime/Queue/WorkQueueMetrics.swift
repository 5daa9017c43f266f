package import Metrics

/// The figures of one queue under client-go's names (Q13); all exist from the start, at zero.
struct WorkQueueMetrics: Sendable {
    let depth: Meter
    let adds: Counter
    let retries: Counter
    let queueDuration: Metrics.Timer
    let workDuration: Metrics.Timer
    let unfinishedWork: Meter
    let longestRunning: Meter

    init(queue: String, factory: any MetricsFactory) {
        let name = [("name", queue)]
        depth = Meter(label: "workqueue_depth", dimensions: name, factory: factory)
        adds = Counter(label: "workqueue_adds_total", dimensions: name, factory: factory)
        retries = Counter(label: "workqueue_retries_total", dimensions: name, factory: factory)
        queueDuration = Timer(label: "workqueue_queue_duration_seconds", dimensions: name, factory: factory)
        workDuration = Timer(label: "workqueue_work_duration_seconds", dimensions: name, factory: factory)
        unfinishedWork = Meter(label: "workqueue_unfinished_work_seconds", dimensions: name, factory: factory)
        longestRunning = Meter(label: "workqueue_longest_running_processor_seconds", dimensions: name, factory: factory)
        depth.set(0)
        adds.increment(by: 0)
        retries.increment(by: 0)
        unfinishedWork.set(0)
        longestRunning.set(0)
    }

    /// Publishes how long the present runs take.
    func setRunning(since starts: some Sequence<ContinuousClock.Instant>, now: ContinuousClock.Instant) {
        var sum = Duration.zero
        var longest = Duration.zero
        for start in starts {
            sum += now - start
            longest = max(longest, now - start)
        }
        unfinishedWork.set(sum / .seconds(1))
        longestRunning.set(longest / .seconds(1))
    }
}

extension Metrics.Timer {
    /// Records a duration, exact to the nanosecond.
    package func record(_ duration: Duration) {
        recordNanoseconds(
            Int64(clamping: duration.components.seconds) * 1_000_000_000 + duration.components.attoseconds
                / 1_000_000_000
        )
    }
}
