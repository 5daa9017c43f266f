import ArgumentParser
import AsyncHTTPTransport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging

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

    /// A client of the cluster.
    func client(pool: ClientPool, time: TimeSource, logger: Logger) async throws -> Client {
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
            transport: try pool.transport(settings),
            configuration: configuration,
            time: time,
            logger: logger
        )
    }
}
