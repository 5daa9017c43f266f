import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import CMalloc
import HTTPTransport
import KubernetesClient
import KubernetesRuntime
import Logging
import ModelAppController
import OperatorServer

/// Runs the operator until SIGTERM. Exit status: 0 after SIGTERM or SIGINT, 1 after an error, a lost lease included.
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

    @Option(
        help: ArgumentHelp(
            "A host, *.domain, address or range that is never contacted for ModelApps. Repeatable.",
            valueName: "host"
        )
    )
    var denyEndpoint: [String] = []

    @Option(
        help: ArgumentHelp(
            "A namespace whose ModelApps may use the operator's own identity at clouds; * for all. Repeatable.",
            valueName: "namespace"
        )
    )
    var allowOperatorIdentity: [String] = []

    @Flag(help: "Record who approved a release. Only where manifests/approval makes the cluster check the name.")
    var recordApprovers = false

    @Option(help: ArgumentHelp("Where checks before traffic query Prometheus.", valueName: "url"))
    var prometheusUrl: String?

    @Option(help: "How many ModelApps are looked at side by side.")
    var workers = 8

    @OptionGroup(title: "Budgets") var budgets: BudgetOptions

    @Option(help: ArgumentHelp("Where /livez and /readyz answer; empty for nowhere.", valueName: "[host]:port"))
    var healthAddress = ""

    @Option(help: ArgumentHelp("Where /metrics answers; empty for nowhere.", valueName: "[host]:port"))
    var metricsAddress = ""

    @Option(
        help: ArgumentHelp("Where webhooks are taken, over plain HTTP; empty for nowhere.", valueName: "[host]:port")
    )
    var webhookAddress = ""

    @OptionGroup(title: "Leader election") var election: LeaderElectionOptions

    @OptionGroup var logging: LogOptions

    func validate() throws {
        for entry in denyEndpoint where DeniedHosts(entry) == nil {
            throw ValidationError(
                "--deny-endpoint must be like internal.example.org, *.internal or 10.0.0.0/8, without a port, not "
                    + "\"\(entry)\""
            )
        }
        guard (1...256).contains(workers) else {
            throw ValidationError("--workers must lie between 1 and 256, not \(workers)")
        }
        let addresses = [
            ("--health-address", healthAddress), ("--metrics-address", metricsAddress),
            ("--webhook-address", webhookAddress),
        ]
        for (option, address) in addresses {
            guard address.isEmpty || ListenAddress(address) != nil else {
                throw ValidationError("\(option) must be like :8081 or 127.0.0.1:8081, not \"\(address)\"")
            }
        }
        for (index, (option, address)) in addresses.enumerated() {
            guard !address.isEmpty, ListenAddress(address)?.port != 0,
                let other = addresses.dropFirst(index + 1).first(where: { $0.1 == address })
            else { continue }
            throw ValidationError("\(option) and \(other.0) must differ, both are \"\(address)\"")
        }
    }

    func run() async throws {
        let logger = logging.makeLogger(label: "modelapp")
        do {
            try await ClientPool.with { try await operate($0, logger) }
        } catch let error as ValidationError {
            throw error
        } catch {
            logger.error("ended by an error", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
        logger.info("stopped")
    }

    private func operate(_ pool: ClientPool, _ logger: Logger) async throws {
        let registry = MetricsRegistry()
        let client = try await cluster.client(pool: pool, time: .system, metrics: registry, logger: logger)
        var generator = SystemRandomNumberGenerator()
        let identity = LeaderElector.identity(host: HostName.current, random: &generator)
        let recorder = EventRecorder(
            controller: "modelapp.dev/operator",
            instance: identity,
            client: client,
            fieldManager: ModelAppReconciler.fieldManager,
            time: .system,
            random: Chance.unit,
            metrics: registry,
            metricPrefix: "modelapp_",
            logger: logger
        )
        let elector = election.leaderElect ? try makeElector(client, identity, recorder, registry, logger) : nil
        let parts = Operator(
            client: client,
            access: SourceAccess.network(
                pool: pool,
                allowing: allowEndpoint,
                denying: denyEndpoint.compactMap(DeniedHosts.init),
                server: client.configuration.server,
                clouds: try .ofProcess(pool: pool, tenants: .namespaces(Set(allowOperatorIdentity)))
            ),
            checks: try CheckAccess.network(pool: pool, prometheus: prometheusUrl),
            options: .init(
                namespace: namespace,
                workers: workers,
                fetchImage: fetchImage,
                recordsApprovers: recordApprovers,
                scans: budgets.limits
            ),
            time: .system,
            random: Chance.unit,
            recorder: recorder,
            elector: elector,
            metrics: registry,
            logger: logger,
            // The pages of a list are several times what is kept of them, and glibc would hold on to their memory.
            afterReplace: { _ = malloc_trim(0) }
        )
        logger.info(
            "starting",
            metadata: [
                "version": "\(Version.text)", "server": "\(client.configuration.server.origin)",
                "identity": "\(identity)", "leader_elect": "\(election.leaderElect)",
            ]
        )
        let process = OperatorProcess(
            parts: parts,
            recorder: recorder,
            elector: elector,
            registry: registry,
            healthAddress: ListenAddress(healthAddress),
            metricsAddress: ListenAddress(metricsAddress),
            webhookAddress: ListenAddress(webhookAddress),
            logger: logger
        )
        try await process.run()
    }

    private func makeElector(
        _ client: Client,
        _ identity: String,
        _ recorder: EventRecorder,
        _ registry: MetricsRegistry,
        _ logger: Logger
    ) throws -> LeaderElector {
        try LeaderElector(
            lease: election.lease(client.configuration),
            identity: identity,
            timing: election.timing(),
            client: client,
            fieldManager: ModelAppReconciler.fieldManager,
            time: .system,
            random: Chance.unit,
            recorder: recorder,
            metrics: registry,
            logger: logger
        )
    }
}

/// Randomness for jitter.
enum Chance {
    /// A number in 0..<1.
    @Sendable static func unit() -> Double { Double.random(in: 0..<1) }
}
