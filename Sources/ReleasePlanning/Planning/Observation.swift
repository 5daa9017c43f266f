public import JSON
public import KubernetesAPI
public import ModelAppAPI

/// Everything that was read from the cluster about one ModelApp.
public struct Observation: Sendable, Hashable {
    /// The ModelApp with its last status.
    public var app: ModelApp
    /// What is wrong with its spec.
    public var check: SpecCheck
    /// The Deployment that has the traffic, or the one to be adopted, whoever owns it.
    public var deployment: Deployment?
    /// The slot of an own Deployment that has the traffic (`arrange`).
    public internal(set) var slot = Slot.a
    /// The Deployment of the other slot, whoever owns it.
    public internal(set) var standby: Deployment?
    /// The Service of its name, whoever owns it.
    public var service: Service?
    /// The releases that the ModelApp owns, in no order.
    public var releases: [StoredRelease]
    /// The pods of the ModelApp, nil where they were not read: they are looked at while a rollout or a candidate lasts.
    public var pods: [Pod]?
    /// Who owns the fields of the adopted Deployment, in the state that was read; nil where it was not asked
    /// (`needsFieldOwners`).
    public var fieldOwners: FieldOwners?
    /// The other ModelApp that has claimed the Deployment and lives; nil if there is none.
    public var holder: Claim?
    /// The Deployments that were claimed for this ModelApp, or for an earlier one of its name.
    public var claimed: [Deployment] = []
    /// With an adopted target: the Deployments of the ModelApp's own names.
    public var leftovers: [Deployment] = []
    /// The Deployment of the candidate, whoever owns it.
    public var candidate: Deployment?
    /// How the check that is under way stands, by the name of its operation.
    public var checkProgress: [String: CheckProgress] = [:]
    /// The ModelApps that `rollout.after` names, and those that they name in turn, as far as they are there.
    public var upstreams: [Upstream] = []

    /// An observation of its parts. Who has a check of this very spec at hand passes it: it costs more than the rest of a
    /// pass over a converged app.
    public init(
        app: ModelApp,
        check: SpecCheck? = nil,
        deployment: Deployment?,
        service: Service?,
        releases: [StoredRelease],
        pods: [Pod]? = nil
    ) {
        self.pods = pods
        self.app = app
        self.check = check ?? SpecCheck(app)
        self.deployment = deployment
        self.service = service
        self.releases = releases
    }

    /// The release that the Deployment carries, by its annotation or, where somebody removed that, by its label.
    var applied: StoredRelease? { carried(by: deployment) }

    /// Whether a release was made for the present target: one for another cannot be applied to it.
    func isForTarget(_ stored: StoredRelease) -> Bool {
        stored.release.adopted?.name == app.spec.target.adopt?.name
    }

    /// The release that the Deployment carries, nil where it carries none that is kept.
    public var appliedRelease: Release? { applied?.release }

    /// The release called `id`, as it is kept.
    func stored(_ id: String) -> StoredRelease? { releases.first { $0.release.id == id } }

    /// The release that runs or should: the applied one or, where the Deployment is gone or lost its annotation, the one
    /// that was brought into place last.
    public var current: StoredRelease? { applied ?? newestFirst.first { !$0.isCandidate } }

    /// The last release that ran everywhere.
    var lastConverged: StoredRelease? { newestFirst.first { $0.convergedAt != nil } }

    /// The releases for the present target, the one that was brought into place last in front.
    var newestFirst: [StoredRelease] { everyNewestFirst.filter(isForTarget) }

    /// The releases, those for former targets too.
    var everyNewestFirst: [StoredRelease] { releases.sorted { ($0.number, $0.name) > ($1.number, $1.name) } }

    /// Selects the pods of the Deployment.
    public var podSelector: String {
        guard app.spec.target.adopt != nil else { return "\(Keys.name)=\(app.metadata.name)" }
        return (deployment?.matchLabels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ",")
    }
}

/// What the operator was started with.
public struct PlanPolicy: Sendable, Hashable {
    /// The image of init containers where a spec names none; nil where the operator has none.
    public var fetchImage: String?
    /// Whether the cluster checks that approvals carry the name of who gives them, so that it may be recorded.
    public var recordsApprovers: Bool
    /// Objects that were found in step although they differ: what the server made of our own last apply.
    public var settled: Set<Settled>

    /// A state of an object that is as much in step as it can be.
    public struct Settled: Sendable, Hashable {
        /// The object.
        public var uid: String
        /// The sha256 of what its owner and others wrote: not its status, nor what the server counts up by itself.
        public var state: String
        /// The hash of what was applied.
        public var hash: String

        /// The state of an object as the server returned it. A write of its status, which comes with every pod that
        /// starts, makes no other state of it.
        public init(uid: String, live: JSONValue, hash: String) {
            self.uid = uid
            self.hash = hash
            let metadata = live["metadata"]
            // The deployment controller keeps its own notes in annotations.
            let annotations = (metadata?["annotations"]?.object ?? [:]).filter {
                !$0.key.hasPrefix("deployment.kubernetes.io/")
            }
            let owners = (metadata?["ownerReferences"]?.array ?? []).map { $0["uid"] ?? .null }
            let document: [String: JSONValue] = [
                "spec": live["spec"] ?? .null, "labels": .object(metadata?["labels"]?.object ?? [:]),
                "annotations": .object(annotations), "owners": .array(owners),
            ]
            state = JSONValue.object(document).sha256
        }
    }

    /// A policy of its parts.
    public init(fetchImage: String? = nil, recordsApprovers: Bool = false, settled: Set<Settled> = []) {
        self.fetchImage = fetchImage
        self.recordsApprovers = recordsApprovers
        self.settled = settled
    }
}
