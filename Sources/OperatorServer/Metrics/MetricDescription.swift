/// What one metric is: what `# HELP` and `# TYPE` say, and what docs/reference/metrics.md lists.
public struct MetricDescription: Sendable, Hashable {
    /// The kinds of the Prometheus text format.
    public enum Kind: String, Sendable, Hashable {
        /// Only grows, until the process ends.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts observations by size.
        case histogram
    }

    /// The name, by Prometheus' rules: the unit at the end, `_total` for counters.
    public var name: String
    /// The kind.
    public var kind: Kind
    /// The names of its labels.
    public var labels: [String]
    /// What it says, in one sentence.
    public var help: String
    /// The upper bounds of a histogram's buckets, ascending, without infinity.
    public var buckets: [Double]

    /// A description of its parts.
    public init(
        _ name: String,
        _ kind: Kind,
        labels: [String] = [],
        buckets: [Double] = [],
        _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
        self.buckets = buckets
    }
}
