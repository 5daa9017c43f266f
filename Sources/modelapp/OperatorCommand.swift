import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import HTTPTransport
import KubernetesClient
import KubernetesRuntime
import Logging
import ModelAppController
import OperatorServer
import ServiceLifecycle
import UnixSignals

/// Runs the operator until SIGTERM.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Watches ModelApps and brings their Deployments and Services in step."
    )

    @OptionGroup var cluster: ClusterOptions

    @Option(help: ArgumentHelp("Watch one namespace instead of all.", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The image of init containers that fetch models.", valueName: "image"))
    var fetchImage: String?

    @Option(
        help: ArgumentHelp(
            "A host that may be contacted although it is local, and may see credentials. Repeatable.",
            valueName: "host[:port]"
        )
    )
    var allowEndpoint: [String] = []

    @Option(help: "How many ModelApps are looked at side by side.")
    var workers = 8

    @Option(help: ArgumentHelp("Where /livez and /readyz answer; empty for nowhere.", valueName: "[host]:port"))
    var healthAddress = ""

    @OptionGroup var logging: LogOptions

    func validate() throws {
        guard (1...256).contains(workers) else {
            throw ValidationError("--workers must lie between 1 and 256, not \(workers)")
        }
        guard healthAddress.isEmpty || ProbeServer.Address(healthAddress) != nil else {
            throw ValidationError("--health-address must be like :8081 or 127.0.0.1:8081, not \"\(healthAddress)\"")
        }
    }

    func run() async throws {
        let logger = logging.makeLogger(label: "modelapp")
        let pool = ClientPool()
        let time = TimeSource.system
        let client = try await cluster.client(pool: pool, time: time, logger: logger)
        let access = SourceAccess.network(pool: pool, allowing: allowEndpoint)
        let parts = Operator(
            client: client,
            access: access,
            options: .init(namespace: namespace, workers: workers, fetchImage: fetchImage),
            time: time,
            random: Chance.unit,
            logger: logger
        )
        logger.info(
            "starting",
            metadata: ["version": "\(Version.text)", "server": "\(client.configuration.server.origin)"]
        )
        // Probes first and last: services stop in reverse order.
        var services: [any Service] = []
        if let address = ProbeServer.Address(healthAddress) {
            let stores = parts.synchronizing
            services.append(
                ProbeServer(address, logger: logger) {
                    stores.filter { !$0.isSynced }.map { "\($0.syncName) has not been read yet" }
                }
            )
        }
        services += parts.informers
        services.append(parts.controller)
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // Shorter than the 30 s that Kubernetes gives a pod to end.
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        configuration.maximumCancellationDuration = .seconds(5)
        defer { logger.info("stopped") }
        try await ServiceGroup(configuration: configuration).run()
        await pool.shutdown()
    }
}

extension SourceAccess {
    /// Sources over the network. Local addresses are refused unless the command line allows them: what a ModelApp
    /// names is hostile.
    static func network(pool: ClientPool, allowing hosts: [String]) -> SourceAccess {
        let policy = AddressPolicy.refusingLocal(except: Set(hosts))
        return SourceAccess(
            transport: { trust in try pool.transport(TransportSettings(trust: trust), policy: policy) },
            allowedEndpoints: hosts,
            random: Chance.unit
        )
    }
}

/// Randomness for jitter.
enum Chance {
    /// A number in 0..<1.
    @Sendable static func unit() -> Double { Double.random(in: 0..<1) }
}
