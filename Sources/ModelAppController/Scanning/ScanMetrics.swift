import KubernetesRuntime
import Metrics

/// The figures of one kind of look-up; all exist from the start, at zero.
struct ScanMetrics: Sendable {
    /// The label `source`: what is looked up.
    enum Source: String, Sendable, CaseIterable {
        /// The tags of a repository.
        case tags = "Tags"
        /// The digest of a tag.
        case tag = "Tag"
        /// What an image is.
        case image = "Image"
        /// The objects below a prefix, by version.
        case versions = "Versions"
        /// The objects of one version.
        case objects = "Objects"
        /// The object that names the version.
        case pointer = "Pointer"
        /// What the store knows of the content of one version.
        case contents = "Contents"
        /// The tags of a repository of models.
        case modelTags = "ModelTags"
        /// The digest of a model's tag.
        case modelTag = "ModelTag"
        /// What an artifact with a model is.
        case artifact = "Artifact"
        /// The version of a registered model.
        case registration = "Registration"
        /// The signatures of an image.
        case signatures = "Signatures"
    }

    private let successes: Counter
    private let errors: Counter
    private let duration: Metrics.Timer

    init(_ source: Source, _ factory: any MetricsFactory) {
        let label = ("source", source.rawValue)
        let name = "modelapp_scans_total"
        successes = Counter(label: name, dimensions: [("result", "success"), label], factory: factory)
        errors = Counter(label: name, dimensions: [("result", "error"), label], factory: factory)
        duration = Timer(label: "modelapp_scan_duration_seconds", dimensions: [label], factory: factory)
        successes.increment(by: 0)
        errors.increment(by: 0)
    }

    /// Counts a look-up. One that was cancelled says nothing about its source.
    func count<Value>(_ result: Result<Value, ScanFailure>, took: Duration) {
        switch result {
        case .success: successes.increment()
        case .failure(let failure):
            if failure.isCancelled { return }
            errors.increment()
        }
        duration.record(took)
    }
}
