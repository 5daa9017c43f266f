import JSON
public import KubernetesAPI

/// An application whose code and model are released together.
public struct ModelApp: KubernetesObject {
    /// Where ModelApps live.
    public static let resource = APIResource(
        group: "modelapp.dev",
        version: "v1alpha1",
        kind: "ModelApp",
        plural: "modelapps"
    )
    /// What ModelApp is.
    public static let summary =
        "An application whose latest code and latest model run together, as one release, behind one Service."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = ModelAppSpec()
    /// What was observed.
    public var status = ModelAppStatus()

    /// An empty ModelApp.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelApp>([
        .field("metadata", \.metadata, "Standard object metadata."),
        .field("spec", \.spec, "What is wanted.", required: true),
        .field("status", \.status, "What was observed. A view that can be lost: releases are ControllerRevisions."),
    ])
}

/// What a ModelApp wants.
public struct ModelAppSpec: APIObject {
    /// What the spec is.
    public static let summary = "Where code and model come from, how they are delivered and when they are released."
    /// Stops everything but the status.
    public var suspend = false
    /// How often both sources are scanned.
    public var interval = Period(.seconds(300))
    /// What happens to owned objects when the ModelApp is deleted.
    public var deletionPolicy = DeletionPolicy.delete
    /// The code half.
    public var code = CodeSource()
    /// The model half.
    public var model = ModelSource()
    /// What has to be signed.
    public var verification: Verification?
    /// Which pairs fit together.
    public var compatibility: [CompatibilityRule] = []
    /// How the model reaches the container.
    public var delivery = Delivery()
    /// What is patched.
    public var target = Target()
    /// When and how releases are made.
    public var rollout = Rollout()
    /// Namespaces whose ModelApps may wait for this one.
    public var allowAfterFrom: [String] = []
    /// What makes a scan due besides the interval.
    public var triggers: Triggers?

    /// An empty spec.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelAppSpec>([
        .field("code", \.code, "Where the code half comes from.", required: true),
        .field("model", \.model, "Where the model half comes from.", required: true),
        .field("target", \.target, "The Deployment and the Service that carry the release.", required: true),
        .field("delivery", \.delivery, "How the model reaches the container."),
        .field("rollout", \.rollout, "When and how a release is made."),
        .field("verification", \.verification, "What has to be signed before it counts; fails closed."),
        .field(
            "compatibility",
            \.compatibility,
            "Rules that a pair of code and model has to meet.",
            .maxItems(16),
            .listMap("name")
        ),
        .field("interval", \.interval, "How often both sources are scanned, +-10 %, at least 1s.", .defaulted("5m")),
        .field("suspend", \.suspend, "Freezes everything but the status, a rollout in flight included."),
        .field(
            "deletionPolicy",
            \.deletionPolicy,
            "Whether owned objects go with the ModelApp.",
            .defaulted("Delete")
        ),
        .field(
            "allowAfterFrom",
            \.allowAfterFrom,
            "Namespaces whose ModelApps may name this one in rollout.after.",
            .maxItems(64),
            .itemMaxLength(63),
            .listSet
        ),
        .field("triggers", \.triggers, "What makes a scan due besides the interval."),
    ])
}

/// What happens to owned objects when their ModelApp is deleted.
public enum DeletionPolicy: String, APIEnum {
    /// They are deleted with it.
    case delete = "Delete"
    /// They stay.
    case orphan = "Orphan"
}

/// A reference to an object of the same namespace.
public struct LocalReference: APIObject {
    /// What LocalReference is.
    public static let summary = "Names an object in the namespace of the ModelApp."
    /// The name.
    public var name = ""

    /// An empty reference.
    public init() {}
    /// A reference by name.
    public init(_ name: String) { self.name = name }

    /// The members.
    public static let fields = FieldTable<LocalReference>([
        .field(
            "name",
            \.name,
            "The object's name.",
            required: true,
            .maxLength(253),
            .pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        )
    ])
}

/// What makes a scan due.
public struct Triggers: APIObject {
    /// What Triggers is.
    public static let summary = "What makes a scan due besides the interval."
    /// A webhook.
    public var webhook: WebhookTrigger?

    /// No triggers.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Triggers>([
        .field("webhook", \.webhook, "An authenticated webhook of a registry or a store.")
    ])
}

/// A webhook that makes a scan due.
public struct WebhookTrigger: APIObject {
    /// What WebhookTrigger is.
    public static let summary = "An authenticated webhook."
    /// Holds the shared secret.
    public var secretRef = LocalReference()

    /// An empty trigger.
    public init() {}

    /// The members.
    public static let fields = FieldTable<WebhookTrigger>([
        .field("secretRef", \.secretRef, "The Secret with the key that callers prove to know.", required: true)
    ])
}
