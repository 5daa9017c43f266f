public import KubernetesAPI

/// The names under which the operator writes; constant over versions, or an upgrade would leave fields behind that nobody
/// owns.
extension FieldManager {
    /// Everything that a release consists of, and the status.
    public static let release = FieldManager("modelapp")
    /// Replicas, so that an autoscaler can take them.
    public static let scale = FieldManager("modelapp-scale")
    /// Label and claim of an adopted Deployment. They come before the release and go without it, which an apply by the
    /// release's manager could not do: what it leaves out is removed, and an image cannot be.
    public static let claim = FieldManager("modelapp-claim")

    /// The operator's own names.
    static let own: Set<String> = [release.name, scale.name, claim.name]
}
