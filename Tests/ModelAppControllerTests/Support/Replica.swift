import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import Metrics
import ModelAppController
import ServiceLifecycle
import Synchronization

/// One replica of the operator as a process has it: everything in one group, which ends in order or is pulled out.
struct Replica: Sendable {
    static let lease = ObjectKey(namespace: "default", name: "modelapp-operator")

    let identity: String
    let elector: LeaderElector?
    /// Takes this replica's webhooks.
    let webhooks: WebhookReceiver
    private let group: ServiceGroup
    private let plug: Plug

    /// A replica that has not started.
    /// - Parameters:
    ///   - elects: works only while it leads.
    ///   - records: writes events.
    init(
        _ identity: String,
        in cluster: Cluster,
        elects: Bool = true,
        records: Bool = true,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) throws {
        let quiet = Logger(label: identity) { _ in SwiftLogNoOpLogHandler() }
        plug = Plug(InProcessTransport(to: cluster.api))
        let client = Cluster.client(over: plug, cluster.time)
        let recorder = EventRecorder(
            controller: "modelapp.dev/operator",
            instance: identity,
            client: client,
            fieldManager: ModelAppReconciler.fieldManager,
            time: cluster.time,
            random: { 0.5 },
            metrics: metrics,
            metricPrefix: "modelapp_",
            logger: quiet
        )
        elector =
            elects
            ? try LeaderElector(
                lease: Self.lease,
                identity: identity,
                client: client,
                fieldManager: ModelAppReconciler.fieldManager,
                time: cluster.time,
                random: { 0.5 },
                recorder: recorder,
                metrics: metrics,
                logger: quiet
            ) : nil
        let network = cluster.network
        let parts = Operator(
            client: client,
            access: SourceAccess(
                transport: { _ in network },
                allowedEndpoints: [Cluster.registryHost, Cluster.storeHost],
                random: { 0.5 }
            ),
            checks: CheckAccess(pods: network),
            options: .init(),
            time: cluster.time,
            random: { 0.5 },
            recorder: records ? recorder : nil,
            elector: elector,
            metrics: metrics,
            logger: quiet
        )
        self.identity = identity
        webhooks = parts.webhooks
        group = ServiceGroup(
            configuration: .init(
                services: ([recorder] + parts.informers + [parts.controller]).map { service in
                    .init(service: service, failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                logger: quiet
            )
        )
    }

    /// Runs until `stop`, or throws what ended it.
    func run() async throws { try await group.run() }

    /// What SIGTERM does.
    func stop() async { await group.triggerGracefulShutdown() }

    /// What SIGKILL does to the world: from here on nothing leaves this replica.
    func kill() { plug.pull() }
}

/// A way to the API server that can be cut for good.
private final class Plug: HTTPTransport {
    private let base: any HTTPTransport
    private let isPulled = Mutex(false)

    init(_ base: any HTTPTransport) { self.base = base }

    func pull() { isPulled.withLock { $0 = true } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        guard !isPulled.withLock({ $0 }) else { throw HTTPTransportError(.closed, "killed") }
        return try await base.withResponse(to: request, body: body, timeouts: timeouts, consume)
    }
}

extension Cluster {
    /// Who holds the Lease; nil where there is none.
    var leader: String? {
        api.object(Lease.resource, Replica.lease).flatMap { $0["spec"]?["holderIdentity"]?.string }
    }

    /// The events about objects of one kind, oldest first, as `Type Reason`.
    func events(about kind: String = "ModelApp") -> [String] {
        api.objects(Event.resource)
            .compactMap { try? Event(parsing: $0.canonicalBytes) }
            .filter { $0.regarding.kind == kind }
            .sorted { $0.eventTime < $1.eventTime }
            .map { "\($0.type) \($0.reason)" }
    }
}
