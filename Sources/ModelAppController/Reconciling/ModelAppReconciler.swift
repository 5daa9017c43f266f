import Artifacts
import HTTPTransport
import JSON
public import KubernetesAPI
import KubernetesClient
public import KubernetesRuntime
import Logging
import Metrics
public import ModelAppAPI
import ReleasePlanning
import Synchronization

/// Brings one ModelApp in step: observe, resolve, plan, apply, status.
public struct ModelAppReconciler: Reconciler {
    /// The name under which the operator owns fields.
    public static let fieldManager = FieldManager.release

    /// The name under which a replica that does not lead asks the one that does for scans.
    public static let triggerManager = FieldManager("modelapp-trigger")

    let client: Client
    let stores: Stores
    let resolver: Resolver
    private let bakes: Bakes
    private let receipts: Receipts
    private let policy: PlanPolicy
    let time: TimeSource
    private let random: @Sendable () -> Double
    let logger: Logger
    private let memory: ReconcileMemory
    let due: DueScans
    let requests = RequestedScans()
    private let reporter: StatusReporter
    private let checks: CheckRunner
    private let podWatches: PodWatches

    /// Where the reconciler reads from.
    public struct Stores: Sendable {
        /// ModelApps.
        public var apps: Store<ModelApp>
        /// Deployments with our label.
        public var deployments: Store<Deployment>
        /// Services with our label.
        public var services: Store<KubernetesAPI.Service>
        /// Releases.
        public var revisions: Store<ControllerRevision>

        /// Finds the objects that one owner controls.
        public static var byController: StoreIndex<ControllerRevision> {
            StoreIndex("controller") { $0.metadata.controller.map { [$0.uid] } ?? [] }
        }

        /// Finds the Deployments that are claimed for a ModelApp, by its `namespace/name`.
        public static var byClaim: StoreIndex<Deployment> {
            StoreIndex("claim") { Claim(on: $0.metadata).map { [$0.holder.description] } ?? [] }
        }

        /// The stores of the four kinds. That of Deployments is made with the index `byClaim`, that of releases with
        /// `byController`.
        public init(
            apps: Store<ModelApp>,
            deployments: Store<Deployment>,
            services: Store<KubernetesAPI.Service>,
            revisions: Store<ControllerRevision>
        ) {
            self.apps = apps
            self.deployments = deployments
            self.services = services
            self.revisions = revisions
        }
    }

    /// A reconciler of its parts.
    init(
        client: Client,
        stores: Stores,
        resolver: Resolver,
        bakes: Bakes,
        receipts: Receipts,
        policy: PlanPolicy,
        due: DueScans,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        reporter: StatusReporter,
        checks: CheckRunner,
        podWatches: PodWatches,
        metrics: any MetricsFactory,
        logger: Logger
    ) {
        self.client = client
        self.stores = stores
        self.resolver = resolver
        self.bakes = bakes
        self.receipts = receipts
        self.policy = policy
        self.due = due
        self.time = time
        self.random = random
        self.reporter = reporter
        self.checks = checks
        self.podWatches = podWatches
        self.logger = logger
        memory = ReconcileMemory(metrics: metrics)
    }

    /// One pass over the ModelApp called `key`.
    public func reconcile(_ key: ObjectKey) async throws(ReconcileError) -> ReconcileResult {
        guard let app = stores.apps[key] else {
            memory.forget(key)
            requests.forget(key)
            due.forget(key)
            bakes.forget(key)
            receipts.forget(key)
            checks.want(nil, for: key)
            podWatches.leave(key)
            return try await letGo(everythingOf: key)
        }
        // Owned objects go with their owner; the garbage collector does the work.
        if app.metadata.deletionTimestamp != nil { return try await letGo(everythingOf: key) }
        var observation = try await observe(app)
        var resolved = Resolver.Answer(resolution: .pending, lookAgainAt: nil)
        if observation.check.isUsable, !app.spec.suspend {
            resolved = await resolve(app, observation)
        }
        // A look-up that was cut off by the end of the process says nothing about the source: nobody may read of it.
        if Task.isCancelled { return .awaitChange }
        let turn = resolved.postponedUntil.map { max($0 - time.now, .zero) + .milliseconds(Int64(10 + 40 * random())) }
        // Half an answer is none: what is not known yet is not taken for gone.
        if let turn, resolved.isBlind { return .requeue(after: turn) }
        let now = time.date()
        var plan = self.plan(observation, resolved.resolution, now)
        if observation.needsFieldOwners(for: plan) {
            try await observeFieldOwners(&observation)
            plan = self.plan(observation, resolved.resolution, now)
        }
        checks.want(plan.check, for: key)
        do throws(KubernetesError) {
            try await carryOut(plan, observation)
        } catch {
            if error.isConflict { return .requeue(after: .milliseconds(Int64(50 + 100 * random()))) }
            try await report(error, plan, observation)
            throw ReconcileError(
                .retry(after: error.retryAfter),
                reason: "ApplyFailed",
                message: error.message,
                underlying: error
            )
        }
        if plan.isEmpty {
            memory.noteSettled(key)
            receipts.want(plan.receipt, for: app)
            try await writeStatus(plan.status, observation)
            let waits = [wait(app, resolved.lookAgainAt, now), plan.requeueAfter, turn].compactMap { $0 }
            return .requeue(after: waits.min() ?? app.spec.interval.duration)
        }
        // The watch brings what was written and wakes this key; the timer only helps where an event is lost. Behind a watch
        // that stalls the same plan comes again and again: ever more rarely.
        return .requeue(after: memory.pause(key))
    }

    /// The plan, with what has become of the image that it needs: which one that is, a first plan says.
    private func plan(_ observation: Observation, _ resolution: Resolution, _ now: Timestamp) -> Plan {
        let policy = memory.policy(policy, for: observation.app.key)
        let plan = makePlan(for: observation, resolution: resolution, now: now, policy: policy)
        guard let order = plan.bake else { return plan }
        var resolution = resolution
        let state = bakes.state(of: order, for: observation.app)
        resolution.bake = BakeResult(release: order.release, state: state)
        return makePlan(for: observation, resolution: resolution, now: now, policy: policy)
    }

    private func observe(_ app: ModelApp) async throws(ReconcileError) -> Observation {
        let owned = stores.revisions.objects(Stores.byController, app.metadata.uid)
        var observation = Observation(
            app: app,
            check: memory.check(of: app),
            deployment: stores.deployments[app.deploymentKey],
            service: stores.services[app.key],
            releases: owned.compactMap(StoredRelease.init)
        )
        do throws(KubernetesError) {
            // The stores hold what carries our label. Before something is made, a read shows that its name is free.
            if observation.service == nil, app.spec.target.service != nil {
                observation.service = try await client.get(Service.self, app.key)
            }
            if app.spec.target.adopt == nil {
                try await observeSlots(&observation)
            } else if observation.deployment == nil {
                observation.deployment = try await client.get(Deployment.self, app.deploymentKey)
            }
        } catch {
            throw observeFailed(error)
        }
        try await observeClaims(&observation)
        if !app.spec.rollout.after.isEmpty { observation.upstreams = stores.upstreams(of: app) }
        observation.checkProgress = checks.progress(of: app.key)
        observation.candidate = try await candidate(observation)
        if observation.needsPods {
            observation.pods = podWatches.follow(app.key, selector: observation.podSelector)
        } else {
            podWatches.leave(app.key)
        }
        return observation
    }

    func observeFailed(_ error: KubernetesError) -> ReconcileError {
        ReconcileError(
            .retry(after: error.retryAfter),
            reason: "ObserveFailed",
            message: error.message,
            underlying: error
        )
    }

    private func carryOut(_ plan: Plan, _ observation: Observation) async throws(KubernetesError) {
        for step in plan.steps {
            switch step {
            case .apply(let apply, let reason):
                let object = try await client.apply(apply, fieldManager: Self.fieldManager)
                memory.remember(apply, object, of: plan.subject)
                logger.info(
                    "applied",
                    metadata: [
                        "object": "\(apply.resource.kind) \(apply.key)", "reason": "\(reason)",
                        "generation": "\(plan.observedGeneration)",
                    ]
                )
            case .scale(let apply):
                try await client.apply(apply, fieldManager: .scale)
                logger.info("scaled", metadata: ["object": "\(apply.resource.kind) \(apply.key)"])
            case .claim(let apply):
                try await client.apply(apply, fieldManager: .claim)
                logger.info("claimed", metadata: ["object": "\(apply.resource.kind) \(apply.key)"])
                // The rest was planned for the state before.
                return
            case .letGo(let key, let resourceVersion): try await letGo(key, resourceVersion: resourceVersion)
            case .delete(let resource, let key, let uid):
                try await client.delete(resource, key, uid: uid)
                logger.info("deleted", metadata: ["object": "\(resource.kind) \(key)"])
            case .confirm(let resource, let key, let resourceVersion):
                try await confirm(resource, key, resourceVersion)
            }
        }
    }

    /// Says in the status why a step failed; the release that runs stays as it is.
    private func report(_ error: KubernetesError, _ plan: Plan, _ observation: Observation) async throws(ReconcileError)
    {
        guard error.code == .api, !error.isThrottled else { return }
        var status = plan.status
        let reason = error.isForbidden ? "Forbidden" : error.isInvalid ? "Refused" : "ApplyFailed"
        let message = String("the API server refused a change: \(error.message)".prefix(1024))
        status.conditions = status.conditions.filter { !["Ready", "Stalled", "Reconciling"].contains($0.type) }
        for (type, value) in [("Ready", false), ("Stalled", true)] {
            var condition = Condition(type, value, reason: reason, message: message)
            condition.observedGeneration = observation.app.metadata.generation
            let before = observation.app.status.condition(type)
            condition.lastTransitionTime =
                before?.status == condition.status ? before?.lastTransitionTime ?? "" : time.date().rfc3339
            status.conditions.append(condition)
        }
        status.conditions.sort { $0.type < $1.type }
        try await writeStatus(status, observation)
    }

    /// Writes the status if it says something new. It is applied onto the state that was read, so a stale view is
    /// refused and looked at again.
    private func writeStatus(_ status: ModelAppStatus, _ observation: Observation) async throws(ReconcileError) {
        let app = observation.app
        // A list map keeps the order in which its items came: a condition that came later stands last on the server.
        var written = app.status
        written.conditions.sort { $0.type < $1.type }
        guard status != written else { return }
        let step = ApplyStep(
            ModelApp.resource,
            app.key,
            ["status": status.json],
            resourceVersion: app.metadata.resourceVersion,
            subresource: "status"
        )
        do throws(KubernetesError) {
            try await client.apply(step, fieldManager: Self.fieldManager)
        } catch {
            if error.isConflict || error.isNotFound { return }
            throw ReconcileError(
                .retry(after: error.retryAfter),
                reason: "StatusFailed",
                message: error.message,
                underlying: error
            )
        }
        reporter.report(app, from: app.status, to: status)
        if let ready = status.condition("Ready"), ready != app.status.condition("Ready") {
            logger.info(
                "ready changed",
                metadata: [
                    "object": "ModelApp \(app.key)", "ready": "\(ready.status)", "reason": "\(ready.reason)",
                    "message": "\(ready.message)",
                ]
            )
        }
    }

    /// The interval with a jitter of ten per cent, or earlier where something becomes due by itself.
    private func wait(_ app: ModelApp, _ lookAgainAt: Int64?, _ now: Timestamp) -> Duration {
        let interval = max(app.spec.interval.duration, .seconds(1)) * (0.9 + 0.2 * random())
        guard let lookAgainAt else { return interval }
        return min(interval, max(.milliseconds(lookAgainAt - now.milliseconds + 10), .milliseconds(50)))
    }
}

/// What a reconciler remembers between passes; losing it costs at most one apply that changes nothing.
final class ReconcileMemory: Sendable {
    private let settled = Mutex<[ObjectKey: Set<PlanPolicy.Settled>]>([:])
    /// How many plans in a row had steps.
    private let pending = Mutex<[ObjectKey: Int]>([:])
    private let mismatches: Counter
    /// The checks of specs, each with the object and the generation that it is of.
    private let checks = Mutex<[ObjectKey: (uid: String, generation: Int64, check: SpecCheck)]>([:])

    /// The check of the spec of `app`, made once for each generation.
    func check(of app: ModelApp) -> SpecCheck {
        let kept = checks.withLock { $0[app.key] }
        if let kept, kept.uid == app.metadata.uid, kept.generation == app.metadata.generation { return kept.check }
        let check = SpecCheck(app)
        checks.withLock { $0[app.key] = (app.metadata.uid, app.metadata.generation, check) }
        return check
    }

    init(metrics: any MetricsFactory) {
        mismatches = Counter(label: "modelapp_in_step_mismatches_total", factory: metrics)
        mismatches.increment(by: 0)
    }

    /// The policy with the states of `key` that are as much in step as they can be.
    func policy(_ policy: PlanPolicy, for key: ObjectKey) -> PlanPolicy {
        var policy = policy
        policy.settled = settled.withLock { $0[key] ?? [] }
        return policy
    }

    /// Remembers what the server made of an apply.
    func remember(_ step: ApplyStep, _ object: JSONValue, of key: ObjectKey) {
        guard let uid = object["metadata"]?["uid"]?.string,
            let hash = step.body["metadata"]?["annotations"]?[Keys.applied]?.string,
            FieldComparison.firstDifference(applied: step.body, live: object) != nil
        else { return }
        mismatches.increment()
        settled.withLock { states in
            // A later state of the same object replaces an earlier one.
            states[key] = (states[key] ?? []).filter { $0.uid != uid }
            states[key]?.insert(PlanPolicy.Settled(uid: uid, live: object, hash: hash))
        }
    }

    /// How long to wait for the watch after a plan with steps: two seconds, twice as long after each that follows, at most
    /// a minute.
    func pause(_ key: ObjectKey) -> Duration {
        let count = pending.withLock { counts in
            counts[key, default: 0] += 1
            return counts[key, default: 1]
        }
        return .seconds(min(1 << min(count, 6), 60))
    }

    /// Notes that the cluster is as it should be.
    func noteSettled(_ key: ObjectKey) {
        pending.withLock { $0[key] = nil }
    }

    /// Forgets a ModelApp that is gone.
    func forget(_ key: ObjectKey) {
        noteSettled(key)
        settled.withLock { $0[key] = nil }
        checks.withLock { $0[key] = nil }
    }
}
