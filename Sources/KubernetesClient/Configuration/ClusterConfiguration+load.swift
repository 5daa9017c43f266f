extension ClusterConfiguration {
    /// The cluster to talk to, found as operators expect it (controller-runtime `pkg/client/config`): the kubeconfig
    /// that a flag names, else the files in `KUBECONFIG`, else the cluster this process runs in, else
    /// `~/.kube/config`.
    ///
    /// A named context can only come from a kubeconfig, so the in-cluster configuration is passed over. Throws
    /// `configuration` where nothing is found, or what is found cannot be used: the next place is not tried then, since
    /// a typo must not lead to another cluster.
    /// - Parameters:
    ///   - kubeconfig: the file that the flag names.
    ///   - context: the context; nil for the current one.
    public static func load(
        kubeconfig: String? = nil,
        context: String? = nil,
        from sources: ConfigurationSources
    ) async throws(KubernetesError) -> ClusterConfiguration {
        if let kubeconfig {
            let bytes = try sources.files.require(kubeconfig, for: "--kubeconfig")
            return try await Kubeconfig(parsing: bytes, file: kubeconfig).configuration(context: context, from: sources)
        }
        if let list = sources.environment["KUBECONFIG"], !list.isEmpty {
            let merged = try Kubeconfig(files: list.split(separator: ":").map(String.init), sources.files)
            guard !merged.files.isEmpty else {
                throw KubernetesError(.configuration, "KUBECONFIG: none of the files exists: \(list)")
            }
            return try await merged.configuration(context: context, from: sources)
        }
        if context == nil, isInCluster(sources.environment) { return try inCluster(from: sources) }
        let home = sources.environment["HOME"] ?? ""
        let path = "\(home)/.kube/config"
        if !home.isEmpty, let bytes = try sources.files.read(path) {
            return try await Kubeconfig(parsing: bytes, file: path).configuration(context: context, from: sources)
        }
        throw KubernetesError(
            .configuration,
            "no cluster to talk to: not running in a pod, and there is no \(home.isEmpty ? "kubeconfig" : path); "
                + "pass --kubeconfig or set KUBECONFIG"
        )
    }
}
