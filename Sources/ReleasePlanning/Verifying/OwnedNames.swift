public import KubernetesAPI

/// Names of owned objects that are not the ModelApp's own.
public enum OwnedNames {
    /// The Deployment of a candidate.
    public static func candidate(of app: ObjectKey) -> ObjectKey {
        ObjectKey(namespace: app.namespace, name: app.name + "-candidate")
    }
}
