import DevCluster
import JSON
import KubernetesAPI
import ModelAppAPI

/// Credentials that are planted where an operator reads them, to be looked for where it writes.
enum Plants {
    static let password = "planted-password-5Vb2"
    static let storeKey = "planted-store-key-8Kq1"
    static let token = "planted-token-3Fz7"
    static let signature = "planted-signature-6Rd4"

    static let all = [password, storeKey, token, signature, Cluster.secretKey]

    /// Which of them are found where they must not be: in a line of the log, or in any object but a Secret.
    static func found(in cluster: Cluster) -> [String] {
        let objects = [ModelApp.resource, Deployment.resource, Service.resource, ControllerRevision.resource, event]
        let texts = cluster.log.lines + objects.flatMap { cluster.api.objects($0).map(\.canonicalText) }
        let secrets = all + all.map(Base64Text.encode)
        return texts.filter { text in secrets.contains { text.contains($0) } }
    }

    private static let event = APIResource(
        group: "events.k8s.io",
        version: "v1",
        kind: "Event",
        plural: "events"
    )
}
