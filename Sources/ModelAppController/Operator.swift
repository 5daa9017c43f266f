import Artifacts
public import HTTPTransport
import JSON
import KubernetesAPI
public import KubernetesClient
public import KubernetesRuntime
public import Logging
public import Metrics
import ModelAppAPI
import ReleasePlanning
public import ServiceLifecycle

/// The parts of a running operator, wired: four watches, one queue, one controller.
///
/// With an elector the controller runs while this process leads, and nothing else writes. What was found meanwhile is
/// queued, so that a new leader looks at every ModelApp.
public struct Operator: Sendable {
    /// What the operator is started with.
    public struct Options: Sendable {
        /// The namespace that is watched; nil for all.
        public var namespace: String?
        /// How many ModelApps are looked at side by side.
        public var workers: Int
        /// The image of init containers where a spec names none.
        public var fetchImage: String?
        /// Whether the cluster checks the names in approvals, so that they may be recorded.
        public var recordsApprovers: Bool
        /// What scans may ask of registries and stores.
        public var scans: ScanLimits

        /// Options of their parts.
        public init(
            namespace: String? = nil,
            workers: Int = 8,
            fetchImage: String? = nil,
            recordsApprovers: Bool = false,
            scans: ScanLimits = ScanLimits()
        ) {
            self.namespace = namespace
            self.workers = workers
            self.fetchImage = fetchImage
            self.recordsApprovers = recordsApprovers
            self.scans = scans
        }
    }

    /// The watches; they run whether this process leads or not.
    public let informers: [any ServiceLifecycle.Service]
    /// Everything that writes; it runs while this process leads.
    public let controller: any ServiceLifecycle.Service
    /// What readiness depends on.
    public let synchronizing: [any Synchronizing]
    /// Receives webhooks; whoever serves them passes them here.
    public let webhooks: WebhookReceiver
    /// Looks up sources; shared with `why` and `plan`.
    public let resolver: Resolver

    /// Wires an operator. Starts nothing.
    /// - Parameters:
    ///   - recorder: writes events; whoever passes it runs it, before and after everything else.
    ///   - elector: decides when the controller runs; without one it always does.
    ///   - afterReplace: called when much memory was let go.
    public init(
        client: Client,
        access: SourceAccess,
        checks: CheckAccess,
        options: Options,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        recorder: EventRecorder? = nil,
        elector: LeaderElector? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        logger: Logger,
        afterReplace: @escaping @Sendable () -> Void = {}
    ) {
        let queue = WorkQueue<ObjectKey>(name: "modelapp", time: time, random: random, metrics: metrics)
        let tally = ReadinessTally(metrics: metrics)
        let followers = Followers(queue)
        let apps = Store<ModelApp>(
            indexes: [HookSecrets.index, ModelAppReconciler.Stores.byAfter],
            handlers: [{ Self.enqueue($0, queue) }, { tally.follow($0) }, { followers.follow($0) }]
        )
        followers.look(in: apps)
        let deployments = Store<Deployment>(
            indexes: [ModelAppReconciler.Stores.byClaim],
            handlers: [{ change in Self.enqueueOwner(change, queue) }]
        )
        let services = Store<KubernetesAPI.Service>(handlers: [{ change in Self.enqueueOwner(change, queue) }])
        let revisions = Store<ControllerRevision>(
            indexes: [ModelAppReconciler.Stores.byController],
            handlers: [{ change in Self.enqueueOwner(change, queue) }, { followers.follow($0) }]
        )
        let namespaces: Namespaces = options.namespace.map { .only($0) } ?? .all
        let mine = ReflectorOptions(namespaces: namespaces, labelSelector: Keys.name)
        let reporter = StatusReporter(recorder: recorder, metrics: metrics)
        let undecodable = UndecodableReporter(client: client, time: time, reporter: reporter, logger: logger)
        let all = ReflectorOptions(namespaces: namespaces)
        informers = [
            Reflector(
                apps,
                client: client,
                options: all,
                time: time,
                random: random,
                metrics: metrics,
                logger: logger,
                onUndecodable: { undecodable.report($0) },
                afterReplace: afterReplace
            ),
            Reflector(
                deployments,
                client: client,
                options: mine,
                time: time,
                random: random,
                metrics: metrics,
                logger: logger,
                afterReplace: afterReplace
            ),
            Reflector(
                services,
                client: client,
                options: mine,
                time: time,
                random: random,
                metrics: metrics,
                logger: logger,
                afterReplace: afterReplace
            ),
            Reflector(
                revisions,
                client: client,
                options: mine,
                time: time,
                random: random,
                metrics: metrics,
                logger: logger,
                afterReplace: afterReplace
            ),
        ]
        synchronizing = [apps, deployments, services, revisions]
        resolver = Resolver(client: client, access: access, limits: options.scans, time: time, metrics: metrics)
        let due = DueScans()
        webhooks = WebhookReceiver(
            apps: apps,
            secrets: resolver.secrets,
            due: due,
            queue: queue,
            client: client,
            time: time,
            isLeading: { elector?.isLeading ?? true },
            metrics: metrics,
            logger: logger
        )
        let runner = CheckRunner(client: client, access: checks, time: time, queue: queue)
        let podWatches = PodWatches(
            client: client,
            time: time,
            random: random,
            metrics: metrics,
            logger: logger,
            queue: queue
        )
        let baker = Baker(access: access, secrets: resolver.secrets, accounts: resolver.accounts, time: time)
        let receipts = Receipts(baker: baker, time: time, random: random, metrics: metrics, logger: logger)
        let bakes = Bakes(
            baker: baker,
            time: time,
            random: random,
            metrics: metrics,
            logger: logger
        ) { key, pause in queue.add(key, after: pause) }
        let reconciler = ModelAppReconciler(
            client: client,
            stores: .init(apps: apps, deployments: deployments, services: services, revisions: revisions),
            resolver: resolver,
            bakes: bakes,
            receipts: receipts,
            policy: PlanPolicy(fetchImage: options.fetchImage, recordsApprovers: options.recordsApprovers),
            due: due,
            time: time,
            random: random,
            reporter: reporter,
            checks: runner,
            podWatches: podWatches,
            metrics: metrics,
            logger: logger
        )
        let work = Controller(
            name: "modelapp",
            queue: queue,
            reconciler: reconciler,
            workers: options.workers,
            waitingFor: synchronizing,
            time: time,
            metrics: metrics,
            logger: logger
        )
        let writing = ServiceBundle([work, undecodable, runner, podWatches, bakes, receipts])
        if let elector { controller = LeaderElected(elector, writing) } else { controller = writing }
    }

    /// A ModelApp is looked at when its spec, its annotations or its end change; its own status is no news
    /// (controller-runtime `GenerationChangedPredicate`).
    private static func enqueue(_ change: StoreChange<ModelApp>, _ queue: WorkQueue<ObjectKey>) {
        if case .changed(let old, let new) = change, old.metadata.generation == new.metadata.generation,
            old.metadata.annotations == new.metadata.annotations, old.metadata.labels == new.metadata.labels,
            old.metadata.deletionTimestamp == new.metadata.deletionTimestamp, old.metadata.uid == new.metadata.uid
        {
            return
        }
        queue.add(change.key)
    }

    /// An owned object wakes its owner: the one it has, and the one it had.
    private static func enqueueOwner<Object: KubernetesObject>(
        _ change: StoreChange<Object>,
        _ queue: WorkQueue<ObjectKey>
    ) {
        for object in change.states {
            guard let name = object.metadata.labels[Keys.name] ?? object.metadata.controller?.name else { continue }
            queue.add(ObjectKey(namespace: object.metadata.namespace, name: name))
        }
    }
}
