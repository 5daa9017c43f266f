import HTTPTransport

extension ClusterConfiguration {
    /// The folder that the kubelet mounts a pod's service account at.
    public static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Whether the environment is that of a pod.
    public static func isInCluster(_ environment: [String: String]) -> Bool {
        environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false
            && environment["KUBERNETES_SERVICE_PORT"]?.isEmpty == false
    }

    /// The cluster of the pod this process runs in (client-go `rest.InClusterConfig`). The token is read again at
    /// least every minute, because the kubelet replaces it.
    public static func inCluster(from sources: ConfigurationSources) throws(KubernetesError) -> ClusterConfiguration {
        let host = sources.environment["KUBERNETES_SERVICE_HOST"] ?? ""
        let port = sources.environment["KUBERNETES_SERVICE_PORT"] ?? ""
        guard !host.isEmpty, !port.isEmpty else {
            throw KubernetesError(
                .configuration,
                "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"
            )
        }
        let authority = (host.contains(":") ? "[\(host)]" : host) + ":" + port
        guard let server = HTTPURL("https://" + authority), server.path == "/", server.query == nil else {
            throw KubernetesError(
                .configuration,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not a host and a port"
            )
        }
        let token = TokenFile(
            path: serviceAccountFolder + "/token",
            files: sources.files,
            time: sources.time,
            advice: "does the pod set automountServiceAccountToken to false?"
        )
        _ = try token.header()
        let authorityFile = serviceAccountFolder + "/ca.crt"
        let pem = try sources.files.require(authorityFile, for: "the cluster's certificate authority")
        guard PEMText.isPEM(pem) else { throw KubernetesError(.configuration, "\(authorityFile) is not a PEM file") }
        let namespace = try sources.files.read(serviceAccountFolder + "/namespace") ?? []
        let name = HeaderText.trimmed(namespace)
        return ClusterConfiguration(
            server: server,
            trust: .roots(pem: pem),
            credential: token,
            namespace: name.isEmpty ? nil : name
        )
    }
}
