import ArgumentParser
import AsyncHTTPTransport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Metrics

/// Which cluster a command talks to.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The kubeconfig. Default: $KUBECONFIG, inside a cluster its ServiceAccount, else ~/.kube/config.",
            valueName: "file"
        ),
        completion: .file()
    )
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The context of the kubeconfig.", valueName: "name"))
    var context: String?

    /// A client of the cluster. Its requests are counted in `metrics`.
    func client(
        pool: ClientPool,
        time: TimeSource,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        logger: Logger
    ) async throws -> Client {
        let configuration = try await ClusterConfiguration.load(
            kubeconfig: kubeconfig,
            context: context,
            from: ConfigurationSources(environment: ProcessInfo.processInfo.environment)
        )
        var settings = TransportSettings(trust: configuration.trust)
        settings.clientIdentity = configuration.clientIdentity
        settings.serverName = configuration.tlsServerName
        settings.proxy = configuration.proxy.map { ProxySettings($0) }
        return Client(
            transport: MeasuredTransport(
                try pool.transport(settings),
                host: configuration.server.authority,
                metrics: metrics
            ),
            configuration: configuration,
            time: time,
            logger: logger
        )
    }
}
