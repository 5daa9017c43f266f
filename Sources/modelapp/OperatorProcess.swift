import HTTPTransport
import KubernetesRuntime
import Logging
import Metrics
import ModelAppController
import OperatorServer
import ServiceLifecycle
import UnixSignals

/// The operator as a process: what it is made of, in which order it starts and stops, and how long that may take.
///
/// Services stop in reverse order: first what writes (runs in flight end, then the lease is given up), then the watches,
/// then what has been said is written as events, and the probes answer to the last.
struct OperatorProcess: Sendable {
    let parts: Operator
    let recorder: EventRecorder
    let elector: LeaderElector?
    let registry: MetricsRegistry
    let healthAddress: ListenAddress?
    let metricsAddress: ListenAddress?
    let webhookAddress: ListenAddress?
    let logger: Logger

    /// Runs until SIGTERM or SIGINT. Throws what ended it otherwise: a lease that was lost, a port that is taken.
    func run() async throws {
        showFigures()
        var configuration = ServiceGroupConfiguration(
            services: services.map { service in
                // Whatever fails, the rest ends in order: events are written, and the lease is given up.
                .init(service: service, failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet
        )
        // Together shorter than the 30 s that Kubernetes gives a pod to end.
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        configuration.maximumCancellationDuration = .seconds(5)
        try await ServiceGroup(configuration: configuration).run()
    }

    private var services: [any Service] {
        var services: [any Service] = []
        if let healthAddress {
            services.append(ProbeServer(healthAddress, live: live, ready: ready, logger: logger))
        }
        if let metricsAddress { services.append(MetricsServer(metricsAddress, registry: registry, logger: logger)) }
        services.append(recorder)
        services += parts.informers
        services.append(parts.controller)
        // Stops first: what is still acted on finds its queue open.
        if let webhookAddress {
            services.append(
                WebhookServer(webhookAddress, time: .system, logger: logger) { await parts.webhooks.receive($0) }
            )
        }
        return services
    }

    /// L10: a process that believes to lead although its lease ran out is better restarted.
    private var live: [HealthCheck] {
        guard let elector else { return [.ping] }
        return [.ping, HealthCheck("leader-election") { elector.problem() }]
    }

    /// Also a replica that waits for its turn is ready: its stores are filled.
    private var ready: [HealthCheck] {
        [.ping]
            + parts.synchronizing.map { store in
                HealthCheck("informer-\(store.syncName)") { store.problem(now: ContinuousClock().now) }
            }
    }

    func showFigures() {
        ProcessFigures().show(in: registry)
        Meter(label: "modelapp_build_info", dimensions: [("version", Version.text)], factory: registry).set(1)
    }

    /// The services' own start and stop are of no interest to operators.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}
