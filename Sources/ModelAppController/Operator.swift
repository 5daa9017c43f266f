import Artifacts
public import HTTPTransport
import JSON
import KubernetesAPI
public import KubernetesClient
public import KubernetesRuntime
public import Logging
import ModelAppAPI
import ReleasePlanning
public import ServiceLifecycle

/// The parts of a running operator, wired: four watches, one queue, one controller.
public struct Operator: Sendable {
    /// What the operator is started with.
    public struct Options: Sendable {
        /// The namespace that is watched; nil for all.
        public var namespace: String?
        /// How many ModelApps are looked at side by side.
        public var workers: Int
        /// The image of init containers where a spec names none.
        public var fetchImage: String?

        /// Options of their parts.
        public init(namespace: String? = nil, workers: Int = 8, fetchImage: String? = nil) {
            self.namespace = namespace
            self.workers = workers
            self.fetchImage = fetchImage
        }
    }

    /// The watches; they run whether this process leads or not.
    public let informers: [any ServiceLifecycle.Service]
    /// The controller; it runs while this process leads.
    public let controller: any ServiceLifecycle.Service
    /// What readiness depends on.
    public let synchronizing: [any Synchronizing]
    /// Looks up sources; shared with `why` and `plan`.
    public let resolver: Resolver

    /// Wires an operator. Starts nothing.
    public init(
        client: Client,
        access: SourceAccess,
        options: Options,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        logger: Logger,
        afterReplace: @escaping @Sendable () -> Void = {}
    ) {
        let queue = WorkQueue<ObjectKey>(name: "modelapp", time: time, random: random)
        let apps = Store<ModelApp>(handlers: [{ change in Self.enqueue(change, queue) }])
        let deployments = Store<Deployment>(handlers: [{ change in Self.enqueueOwner(change, queue) }])
        let services = Store<KubernetesAPI.Service>(handlers: [{ change in Self.enqueueOwner(change, queue) }])
        let revisions = Store<ControllerRevision>(
            indexes: [ModelAppReconciler.Stores.byController],
            handlers: [{ change in Self.enqueueOwner(change, queue) }]
        )
        let namespaces: Namespaces = options.namespace.map { .only($0) } ?? .all
        let mine = ReflectorOptions(namespaces: namespaces, labelSelector: Keys.name)
        let reporter = UndecodableReporter(client: client, time: time, logger: logger)
        let all = ReflectorOptions(namespaces: namespaces)
        informers = [
            Reflector(
                apps,
                client: client,
                options: all,
                time: time,
                random: random,
                logger: logger,
                onUndecodable: { reporter.report($0) },
                afterReplace: afterReplace
            ),
            Reflector(
                deployments,
                client: client,
                options: mine,
                time: time,
                random: random,
                logger: logger,
                afterReplace: afterReplace
            ),
            Reflector(
                services,
                client: client,
                options: mine,
                time: time,
                random: random,
                logger: logger,
                afterReplace: afterReplace
            ),
            Reflector(
                revisions,
                client: client,
                options: mine,
                time: time,
                random: random,
                logger: logger,
                afterReplace: afterReplace
            ),
            reporter,
        ]
        synchronizing = [apps, deployments, services, revisions]
        resolver = Resolver(client: client, access: access, time: time)
        let reconciler = ModelAppReconciler(
            client: client,
            stores: .init(apps: apps, deployments: deployments, services: services, revisions: revisions),
            resolver: resolver,
            policy: PlanPolicy(fetchImage: options.fetchImage),
            time: time,
            random: random,
            logger: logger
        )
        controller = Controller(
            name: "modelapp",
            queue: queue,
            reconciler: reconciler,
            workers: options.workers,
            waitingFor: synchronizing,
            time: time,
            logger: logger
        )
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
