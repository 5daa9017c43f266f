public import Artifacts
import JSON
public import KubernetesAPI
public import ModelAppAPI

/// The objects of one ModelApp as values, on which plans are carried out without an API server.
///
/// It keeps what a plan reads again: the Deployment, the Service and the releases, with resource versions, so that a plan
/// for a state that has passed is refused. It knows neither field managers nor what a server makes of defaults, and its
/// pods do what they are told. `modelapp simulate` and the random histories of the tests run on it.
public struct SimulatedCluster: Sendable {
    /// The ModelApp with its last status; another spec needs another generation.
    public var app: ModelApp {
        didSet { if app.metadata.generation != oldValue.metadata.generation { check = SpecCheck(app) } }
    }
    /// What is wrong with the spec, for its generation.
    private var check: SpecCheck
    /// The Deployment, nil where there is none.
    public var deployment: Deployment?
    /// The Service, nil where there is none.
    public private(set) var service: Service?
    /// The releases that are kept, by the names of their ControllerRevisions.
    public private(set) var releases: [String: StoredRelease] = [:]
    /// The pods, where a plan asks for them.
    public var pods: [Pod] = []
    private var writes: Int64 = 0

    /// A cluster with nothing but `app`.
    public init(_ app: ModelApp) {
        self.app = app
        check = SpecCheck(app)
    }

    /// Why a step was refused.
    public enum Refusal: Error, Sendable, Hashable {
        /// The object is not in the state for which the step was planned.
        case conflict(String)
        /// The step is about an object that no ModelApp of this kind has.
        case unexpected(String)
    }

    /// What a plan is made from.
    public var observation: Observation {
        var observation = Observation(
            app: app,
            check: check,
            deployment: deployment,
            service: service,
            releases: Array(releases.values)
        )
        if observation.needsPods { observation.pods = pods }
        return observation
    }

    /// Carries out one step.
    public mutating func carryOut(_ step: PlanStep, now: Timestamp) throws(Refusal) {
        switch step {
        case .apply(let apply, _): try self.apply(apply, now: now)
        case .scale(let apply): scale(apply.body)
        case .claim, .letGo: throw .unexpected(step.object)
        case .delete(let resource, let key, let uid): try delete(resource, key, uid: uid)
        case .confirm(let resource, let key, let resourceVersion):
            guard resource == Service.resource, service?.metadata.resourceVersion == resourceVersion else {
                throw .conflict("\(resource.kind) \(key)")
            }
        }
    }

    /// Every pod is of the present template, and available.
    public mutating func finishRollout() {
        let wanted = deployment?.spec["replicas"]?.integer ?? 1
        setStatus(updated: wanted, available: wanted)
    }

    /// Writes how far the Deployment has come, as its controller does.
    /// - Parameter failure: why it does not go on.
    public mutating func setStatus(updated: Int64, available: Int64, failure: DeploymentCondition? = nil) {
        guard var live = deployment else { return }
        var status = DeploymentStatus()
        status.observedGeneration = live.metadata.generation
        status.replicas = live.spec["replicas"]?.integer ?? 1
        (status.updatedReplicas, status.availableReplicas) = (updated, available)
        status.conditions = failure.map { [$0] } ?? []
        live.status = status
        store(&live.metadata)
        deployment = live
    }

    /// Somebody else writes the Deployment.
    public mutating func edit(_ change: (inout Deployment) -> Void) {
        guard var live = deployment else { return }
        let before = live.spec
        change(&live)
        store(&live.metadata)
        if live.spec != before { live.metadata.generation += 1 }
        deployment = live
    }

    private mutating func store(_ metadata: inout ObjectMeta) {
        writes += 1
        metadata.resourceVersion = String(writes)
        if metadata.uid.isEmpty { metadata.uid = "uid-\(writes)" }
    }

    private mutating func apply(_ step: ApplyStep, now: Timestamp) throws(Refusal) {
        switch (step.resource, step.key) {
        case (Deployment.resource, app.key): try applyDeployment(step)
        case (Service.resource, app.key):
            try check(step, service?.metadata)
            var live = service ?? Service()
            merge(step, into: &live.metadata)
            live.spec = step.body["spec"] ?? .null
            service = live
        case (ControllerRevision.resource, _): try applyRelease(step, now: now)
        default: throw .unexpected("\(step.resource.kind) \(step.key)")
        }
    }

    private func check(_ step: ApplyStep, _ live: ObjectMeta?) throws(Refusal) {
        guard let version = step.resourceVersion, version != live?.resourceVersion else { return }
        throw .conflict("\(step.resource.kind) \(step.key)")
    }

    /// All of our members of the metadata, besides whatever else is there.
    private mutating func merge(_ step: ApplyStep, into metadata: inout ObjectMeta) {
        let applied = step.body["metadata"]
        (metadata.name, metadata.namespace) = (step.key.name, step.key.namespace)
        metadata.labels.merge(Self.texts(applied?["labels"])) { $1 }
        metadata.annotations.merge(Self.texts(applied?["annotations"])) { $1 }
        metadata.ownerReferences = (applied?["ownerReferences"]?.array ?? []).compactMap {
            try? OwnerReference(json: $0)
        }
        store(&metadata)
    }

    private static func texts(_ value: JSONValue?) -> [String: String] {
        (value?.object ?? [:]).compactMapValues(\.string)
    }

    private mutating func applyDeployment(_ step: ApplyStep) throws(Refusal) {
        try check(step, deployment?.metadata)
        var live = deployment ?? Deployment()
        let before = live.spec
        merge(step, into: &live.metadata)
        var spec = step.body["spec"] ?? .null
        // What others own.
        for member in ["replicas", "paused"] { spec[member] = before[member] }
        if spec != before {
            live.spec = spec
            live.metadata.generation += 1
        }
        deployment = live
    }

    private mutating func scale(_ body: JSONValue) {
        edit { live in
            live.metadata.annotations.merge(Self.texts(body["metadata"]?["annotations"])) { $1 }
            live.spec["replicas"] = body["spec"]?["replicas"]
        }
    }

    private mutating func applyRelease(_ step: ApplyStep, now: Timestamp) throws(Refusal) {
        let known = releases[step.key.name]
        if let version = step.resourceVersion, version != known?.resourceVersion {
            throw .conflict("ControllerRevision \(step.key)")
        }
        var revision = ControllerRevision()
        revision.metadata.uid = known?.uid ?? ""
        // A server-side apply takes away what we wrote before and do not write now; nobody else writes here.
        merge(step, into: &revision.metadata)
        revision.metadata.creationTimestamp = now.rfc3339
        revision.data = step.body["data"] ?? .null
        revision.revision = step.body["revision"]?.integer ?? 0
        if let known, known.data != revision.data { throw .unexpected("data of \(step.key) is immutable") }
        guard let release = StoredRelease(revision) else { throw .unexpected("\(step.key) holds no release") }
        releases[step.key.name] = release
    }

    private mutating func delete(_ resource: APIResource, _ key: ObjectKey, uid: String) throws(Refusal) {
        if resource == Service.resource, service?.metadata.uid == uid {
            service = nil
        } else if resource == ControllerRevision.resource, releases[key.name]?.uid == uid {
            releases[key.name] = nil
        } else {
            throw .conflict("\(resource.kind) \(key)")
        }
    }
}
