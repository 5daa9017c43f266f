import Metrics
import Triggers

/// Counts webhooks by who spoke and what became of it; all series exist from the start, at zero.
struct WebhookMetrics: Sendable {
    private struct Key: Hashable {
        var kind: WebhookKind
        var result: WebhookResult
    }

    private let counters: [Key: Counter]

    init(_ factory: any MetricsFactory) {
        var counters: [Key: Counter] = [:]
        for kind in WebhookKind.allCases {
            for result in WebhookResult.allCases {
                let labels = [("kind", kind.rawValue), ("result", result.rawValue)]
                let counter = Counter(label: "modelapp_webhooks_total", dimensions: labels, factory: factory)
                counter.increment(by: 0)
                counters[Key(kind: kind, result: result)] = counter
            }
        }
        self.counters = counters
    }

    func count(_ kind: WebhookKind, _ result: WebhookResult) {
        counters[Key(kind: kind, result: result)]?.increment()
    }
}
