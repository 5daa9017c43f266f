public import JSON

/// A Deployment as far as this project reads it; the specification is kept whole for comparison and rollback.
public struct Deployment: KubernetesObject {
    /// Where Deployments live.
    public static let resource = APIResource(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    /// What Deployment is.
    public static let summary = "Runs replicas of a pod template."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The specification, as the server normalised it; parsed at each look.
    public var spec: JSONValue {
        get { specText.value }
        set { specText = JSONText(newValue) }
    }
    private var specText = JSONText(.object([:]))
    /// The state of the rollout.
    public var status = DeploymentStatus()

    /// An empty Deployment.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Deployment>([
        .field("metadata", \.metadata, "The metadata."),
        .field("spec", \.specText, "The specification."),
        .field("status", \.status, "The state of the rollout."),
    ])
}

/// The state of a Deployment's rollout.
public struct DeploymentStatus: APIObject {
    /// What DeploymentStatus is.
    public static let summary = "The state of a rollout."
    /// The generation that the deployment controller has seen.
    public var observedGeneration: Int64 = 0
    /// Pods that belong to the Deployment.
    public var replicas: Int64 = 0
    /// Pods of the present template.
    public var updatedReplicas: Int64 = 0
    /// Pods that are ready.
    public var readyReplicas: Int64 = 0
    /// Pods that have been ready for `minReadySeconds`.
    public var availableReplicas: Int64 = 0
    /// Pods that are not available.
    public var unavailableReplicas: Int64 = 0
    /// `Available`, `Progressing`, `ReplicaFailure`.
    public var conditions: [DeploymentCondition] = []

    /// An empty status.
    public init() {}

    /// The members.
    public static let fields = FieldTable<DeploymentStatus>([
        .field("availableReplicas", \.availableReplicas, "Pods that are available."),
        .field("conditions", \.conditions, "The conditions."),
        .field("observedGeneration", \.observedGeneration, "The generation that was seen."),
        .field("readyReplicas", \.readyReplicas, "Pods that are ready."),
        .field("replicas", \.replicas, "Pods of the Deployment."),
        .field("unavailableReplicas", \.unavailableReplicas, "Pods that are not available."),
        .field("updatedReplicas", \.updatedReplicas, "Pods of the present template."),
    ])

    /// The condition of a type.
    public func condition(_ type: String) -> DeploymentCondition? { conditions.first { $0.type == type } }
}

/// A condition of a Deployment; it has no observed generation.
public struct DeploymentCondition: APIObject {
    /// What DeploymentCondition is.
    public static let summary = "An observation about a Deployment."
    /// Which observation.
    public var type = ""
    /// `True`, `False` or `Unknown`.
    public var status = ""
    /// Why, for programs.
    public var reason = ""
    /// Why, for people.
    public var message = ""
    /// Since when it is so, RFC 3339.
    public var lastTransitionTime = ""

    /// An empty condition.
    public init() {}

    /// The members.
    public static let fields = FieldTable<DeploymentCondition>([
        .field("lastTransitionTime", \.lastTransitionTime, "Since when it is so."),
        .field("message", \.message, "Why, for people."),
        .field("reason", \.reason, "Why, for programs."),
        .field("status", \.status, "True, False or Unknown."),
        .field("type", \.type, "Which observation."),
    ])
}

/// A Service as far as this project reads it.
public struct Service: KubernetesObject {
    /// Where Services live.
    public static let resource = APIResource(group: "", version: "v1", kind: "Service", plural: "services")
    /// What Service is.
    public static let summary = "A stable address in front of pods."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The specification; parsed at each look.
    public var spec: JSONValue {
        get { specText.value }
        set { specText = JSONText(newValue) }
    }
    /// Holds the load balancer's address; parsed at each look.
    public var status: JSONValue {
        get { statusText.value }
        set { statusText = JSONText(newValue) }
    }
    private var specText = JSONText(.object([:]))
    private var statusText = JSONText(.object([:]))

    /// An empty Service.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Service>([
        .field("metadata", \.metadata, "The metadata."),
        .field("spec", \.specText, "The specification."),
        .field("status", \.statusText, "The load balancer's address."),
    ])
}

/// An immutable snapshot of state that belongs to another object: here, of a release.
public struct ControllerRevision: KubernetesObject {
    /// Where ControllerRevisions live.
    public static let resource = APIResource(
        group: "apps",
        version: "v1",
        kind: "ControllerRevision",
        plural: "controllerrevisions"
    )
    /// What ControllerRevision is.
    public static let summary = "An immutable snapshot of state."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The snapshot; parsed at each look.
    public var data: JSONValue {
        get { dataText.value }
        set { dataText = JSONText(newValue) }
    }
    private var dataText = JSONText(.object([:]))
    /// Its number.
    public var revision: Int64 = 0

    /// An empty revision.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ControllerRevision>([
        .field("data", \.dataText, "The snapshot."),
        .field("metadata", \.metadata, "The metadata."),
        .field("revision", \.revision, "Its number."),
    ])

    /// The members; the number always, which the server demands.
    public var json: JSONValue {
        var json = Self.fields.json(of: self)
        json["revision"] = .integer(revision)
        return json
    }
}
