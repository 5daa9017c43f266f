import KubernetesAPI
import Metrics

/// The figures of one reflector, under the names that client-go had for them; all exist from the start, at zero.
struct ReflectorMetrics: Sendable {
    /// Pages are not counted: a list is one, however many requests it takes.
    let lists: Counter
    let watches: Counter
    let failures: Counter

    init(_ resource: APIResource, factory: any MetricsFactory) {
        let name = [("name", resource.plural)]
        lists = Counter(label: "reflector_lists_total", dimensions: name, factory: factory)
        watches = Counter(label: "reflector_watches_total", dimensions: name, factory: factory)
        failures = Counter(label: "reflector_failures_total", dimensions: name, factory: factory)
        for counter in [lists, watches, failures] { counter.increment(by: 0) }
    }
}
