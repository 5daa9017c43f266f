public import Metrics
import Synchronization

/// Keeps what is measured, for Prometheus to read: a backend of swift-metrics.
///
/// Two handlers of one name and one label set are one series. What the catalog describes has a help text and, for
/// histograms, its own buckets; anything else is kept all the same. A name has at most `seriesLimit` series; what comes
/// beyond is measured and not shown, so that a label from outside cannot fill the memory.
public final class MetricsRegistry: MetricsFactory, Sendable {
    /// How many label sets one name may have.
    public static let seriesLimit = 1000
    private static let defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    struct Labels: Hashable, Sendable, Comparable {
        var pairs: [[String]]

        init(_ dimensions: [(String, String)]) {
            pairs = dimensions.map { [$0.0, $0.1] }.sorted { $0[0] < $1[0] }
        }

        static func < (left: Labels, right: Labels) -> Bool {
            left.pairs.lexicographicallyPrecedes(right.pairs) { $0.lexicographicallyPrecedes($1) }
        }
    }

    enum Series: Sendable {
        case number(NumberSeries)
        case histogram(HistogramSeries)
        /// Asked for when it is shown; nil where it cannot be had.
        case function(@Sendable () -> Double?)
    }

    struct Family: Sendable {
        var description: MetricDescription
        var series: [Labels: Series] = [:]
    }

    private let described: [String: MetricDescription]
    private let order: [String: Int]
    private let families = Mutex<[String: Family]>([:])

    /// A registry that holds nothing.
    public init(catalog: [MetricDescription] = MetricCatalog.all) {
        described = Dictionary(catalog.map { ($0.name, $0) }) { first, _ in first }
        order = Dictionary(catalog.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// Shows what `value` returns, at each time that it is asked for.
    public func show(_ name: String, _ value: @escaping @Sendable () -> Double?) {
        _ = series(name, [], .gauge) { _ in .function(value) }
    }

    /// What there is, in the order of the catalog and then of the names.
    var contents: [Family] {
        families.withLock { Array($0.values) }.sorted { left, right in
            let ranks = (order[left.description.name] ?? .max, order[right.description.name] ?? .max)
            return ranks.0 == ranks.1 ? left.description.name < right.description.name : ranks.0 < ranks.1
        }
    }

    private func series(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricDescription.Kind,
        make: (MetricDescription) -> Series
    ) -> Series {
        let labels = Labels(dimensions)
        return families.withLock { families in
            var family = families[label] ?? Family(description: described[label] ?? MetricDescription(label, kind, ""))
            if let known = family.series[labels] { return known }
            let new = make(family.description)
            guard family.series.count < Self.seriesLimit else { return new }
            family.series[labels] = new
            families[label] = family
            return new
        }
    }

    private func number(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricDescription.Kind
    )
        -> NumberSeries
    {
        let found = series(label, dimensions, kind) { _ in .number(NumberSeries()) }
        // One name used as two kinds is a mistake in this program; the second use measures and is not shown.
        if case .number(let series) = found { return series }
        return NumberSeries()
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        let found = series(label, dimensions, .histogram) { description in
            .histogram(HistogramSeries(bounds: description.buckets.isEmpty ? Self.defaultBuckets : description.buckets))
        }
        if case .histogram(let series) = found { return series }
        return HistogramSeries(bounds: Self.defaultBuckets)
    }

    /// A counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        number(label, dimensions, .counter)
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        number(label, dimensions, .counter)
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(label, dimensions, .gauge)
    }

    /// A histogram, or a gauge where values are not to be aggregated.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { histogram(label, dimensions) } else { number(label, dimensions, .gauge) }
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    /// Series stay: a counter that vanished and came back would look like a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Series stay.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Series stay.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Series stay.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Series stay.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
