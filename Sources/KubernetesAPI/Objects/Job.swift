public import JSON

/// A Job as far as this project reads it.
public struct Job: KubernetesObject {
    /// Where Jobs live.
    public static let resource = APIResource(group: "batch", version: "v1", kind: "Job", plural: "jobs")
    /// Where CronJobs live.
    public static let cronJobs = APIResource(group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs")
    /// What Job is.
    public static let summary = "Runs pods until they succeed."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The state.
    public var status: JSONValue = .object([:])

    /// An empty Job.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Job>([
        .field("metadata", \.metadata, "The metadata."),
        .field("status", \.status, "The state."),
    ])
}
