public import KubernetesAPI

/// What was observed of a ModelApp.
public struct ModelAppStatus: APIObject {
    /// What the status is.
    public static let summary =
        "What was observed. A view: everything that decisions need is kept in ControllerRevisions."
    /// The generation of the spec that was observed; -1 before the first.
    public var observedGeneration: Int64 = 0
    /// Ready, Reconciling, Stalled, CodeResolved, ModelResolved, UpdateAvailable, FieldsOwned.
    public var conditions: [Condition] = []
    /// The code half.
    public var code: CodeStatus?
    /// The model half.
    public var model: ModelStatus?
    /// The release that runs and the one that comes.
    public var release: ReleaseStatus?
    /// Halves that failed.
    public var quarantine: [QuarantineEntry] = []
    /// Releases, newest first.
    public var history: [HistoryEntry] = []
    /// Where the application answers.
    public var endpoint: EndpointStatus?
    /// The value of the reconcile-requested-at annotation that was handled last.
    public var lastHandledReconcileAt: String?

    /// An empty status.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelAppStatus>([
        .field(
            "observedGeneration",
            \.observedGeneration,
            "The generation of the spec that was observed.",
            required: false
        ),
        .field("conditions", \.conditions, "What holds.", .maxItems(16), .listMap("type")),
        .field("code", \.code, "The code half."),
        .field("model", \.model, "The model half."),
        .field("release", \.release, "The release that runs and the one that comes."),
        .field("quarantine", \.quarantine, "Halves that failed and are not offered again.", .maxItems(64), .atomicList),
        // Atomic: a list map keeps the order of its first apply, and this one is newest first.
        .field("history", \.history, "Releases, newest first.", .maxItems(100), .atomicList),
        .field("endpoint", \.endpoint, "Where the application answers."),
        .field(
            "lastHandledReconcileAt",
            \.lastHandledReconcileAt,
            "The value of the annotation modelapp.dev/reconcile-requested-at that was handled last.",
            .maxLength(256)
        ),
    ])

    /// The condition of a type.
    public func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }
}

/// The code half as it was seen.
public struct CodeStatus: APIObject {
    /// What CodeStatus is.
    public static let summary = "The code half."
    /// The latest image that counts.
    public var latest: CodeVersion?
    /// Tags that wait for `rollout.minAge` and whose registry tells no push times.
    public var waiting: [TagSighting] = []

    /// Nothing was seen.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CodeStatus>([
        .field("latest", \.latest, "The latest image that counts."),
        .field(
            "waiting",
            \.waiting,
            "Tags that wait for rollout.minAge since they were first seen, because their registry tells no push times.",
            .maxItems(32),
            .atomicList
        ),
    ])
}

/// Since when a tag is there, by the operator's own watch.
public struct TagSighting: APIObject {
    /// What TagSighting is.
    public static let summary = "Since when a tag is there, by the operator's own watch."
    /// The tag.
    public var tag = ""
    /// What it names, where the tag ran before with other bits.
    public var digest: String?
    /// When a scan first saw it.
    public var firstSeenAt = ""

    /// No sighting.
    public init() {}

    /// The members.
    public static let fields = FieldTable<TagSighting>([
        .field("tag", \.tag, "The tag.", required: true, .maxLength(128)),
        .field("digest", \.digest, "What it names, where the tag ran before with other bits.", .maxLength(140)),
        .field("firstSeenAt", \.firstSeenAt, "When a scan first saw it.", required: true, .maxLength(64)),
    ])
}

/// An image.
public struct CodeVersion: APIObject {
    /// What CodeVersion is.
    public static let summary = "An image."
    /// Its tag.
    public var tag = ""
    /// Its digest: the identity.
    public var digest = ""
    /// When it was pushed, where the registry says so.
    public var pushedAt: String?
    /// What it runs on.
    public var platforms: [String] = []

    /// No image.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CodeVersion>([
        .field("tag", \.tag, "Its tag.", required: true, .maxLength(128)),
        .field("digest", \.digest, "Its digest.", required: true, .maxLength(140)),
        .field("pushedAt", \.pushedAt, "When it was pushed, where the registry says so.", .maxLength(64)),
        .field("platforms", \.platforms, "What it runs on.", .maxItems(32), .itemMaxLength(64), .atomicList),
    ])
}

/// The model half as it was seen.
public struct ModelStatus: APIObject {
    /// What ModelStatus is.
    public static let summary = "The model half."
    /// The latest version that counts.
    public var latest: ModelVersion?
    /// Tags of artifacts that wait for `rollout.minAge` and whose registry tells no push times.
    public var waiting: [TagSighting] = []

    /// Nothing was seen.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelStatus>([
        .field("latest", \.latest, "The latest version that counts."),
        .field(
            "waiting",
            \.waiting,
            "Tags of artifacts that wait for rollout.minAge since they were first seen, because their registry tells no "
                + "push times.",
            .maxItems(32),
            .atomicList
        ),
    ])
}

/// A version of the model.
public struct ModelVersion: APIObject {
    /// What ModelVersion is.
    public static let summary = "A version of the model."
    /// Its name.
    public var version = ""
    /// Its digest: the identity.
    public var digest = ""
    /// What the digest is made of.
    public var identity: String?
    /// How many bytes it has.
    public var bytes: Int64 = 0
    /// How many objects.
    public var objects: Int64 = 0
    /// When the newest of them was uploaded.
    public var modifiedAt: String?

    /// No version.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelVersion>([
        .field("version", \.version, "Its name.", required: true, .maxLength(1024)),
        .field("digest", \.digest, "Its digest.", required: true, .maxLength(140)),
        .field(
            "identity",
            \.identity,
            "What the digest is made of: Signature, Manifest, Checksums, or where the source keeps nothing better ETags, and "
                + "Version for what MLflow says of one.",
            .maxLength(32)
        ),
        .field("bytes", \.bytes, "How many bytes it has."),
        .field("objects", \.objects, "How many objects."),
        .field("modifiedAt", \.modifiedAt, "When the newest of them was uploaded.", .maxLength(64)),
    ])
}

/// The release that runs and the one that comes.
public struct ReleaseStatus: APIObject {
    /// What ReleaseStatus is.
    public static let summary = "The release that runs and the one that comes."
    /// The release that runs.
    public var current: CurrentRelease?
    /// The release that comes.
    public var target: TargetRelease?
    /// What the pods run.
    public var pods: PodCounts?
    /// Releases that nobody approved in time.
    public var dropped: [String] = []

    /// No release.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ReleaseStatus>([
        .field("current", \.current, "The release that runs."),
        .field("target", \.target, "The release that comes."),
        .field("pods", \.pods, "What the pods run."),
        .field(
            "dropped",
            \.dropped,
            "Releases that nobody approved in time.",
            .maxItems(16),
            .itemMaxLength(64),
            .atomicList
        ),
    ])
}

/// The code of a release.
public struct ReleaseCode: APIObject {
    /// What ReleaseCode is.
    public static let summary = "The code of a release."
    /// The tag it had.
    public var tag = ""
    /// Its digest.
    public var digest = ""

    /// No code.
    public init() {}
    /// A half of its parts.
    public init(tag: String, digest: String) {
        self.tag = tag
        self.digest = digest
    }

    /// The members.
    public static let fields = FieldTable<ReleaseCode>([
        .field("tag", \.tag, "The tag it had.", .maxLength(128)),
        .field("digest", \.digest, "Its digest.", required: true, .maxLength(140)),
    ])
}

/// The model of a release.
public struct ReleaseModel: APIObject {
    /// What ReleaseModel is.
    public static let summary = "The model of a release."
    /// Its version's name.
    public var version = ""
    /// Its digest.
    public var digest = ""

    /// No model.
    public init() {}
    /// A half of its parts.
    public init(version: String, digest: String) {
        self.version = version
        self.digest = digest
    }

    /// The members.
    public static let fields = FieldTable<ReleaseModel>([
        .field("version", \.version, "Its version's name.", .maxLength(1024)),
        .field("digest", \.digest, "Its digest.", required: true, .maxLength(140)),
    ])
}

/// The release that runs.
public struct CurrentRelease: APIObject {
    /// What CurrentRelease is.
    public static let summary = "The release that runs."
    /// Its id.
    public var id = ""
    /// Its code.
    public var code = ReleaseCode()
    /// Its model.
    public var model = ReleaseModel()
    /// The image that the container runs.
    public var image = ""
    /// Since when it has run everywhere.
    public var since: String?
    /// Whether its bytes can be had again.
    public var restorable = true

    /// No release.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CurrentRelease>([
        .field("id", \.id, "Its id.", required: true, .maxLength(64)),
        .field("code", \.code, "Its code.", required: true),
        .field("model", \.model, "Its model.", required: true),
        .field("image", \.image, "The image that the container runs.", .maxLength(1024)),
        .field("since", \.since, "Since when it has run everywhere.", .maxLength(64)),
        .field("restorable", \.restorable, "Whether a rollback can have its bytes again."),
    ])
}

/// The release that comes.
public struct TargetRelease: APIObject {
    /// What TargetRelease is.
    public static let summary = "The release that comes."
    /// Its id.
    public var id = ""
    /// Its code.
    public var code = ReleaseCode()
    /// Its model.
    public var model = ReleaseModel()
    /// How far it has come.
    public var phase = ReleasePhase.waiting
    /// What holds it back.
    public var waitingFor: [String] = []
    /// When the next window opens.
    public var nextWindow: String?
    /// Since when it is the one that waits.
    public var since: String?
    /// When an approval was seen.
    public var approvedAt: String?
    /// Who approved it.
    public var approvedBy: String?
    /// What checks before traffic came to.
    public var checks: [CheckResult] = []
    /// More, for people.
    public var message: String?

    /// No release.
    public init() {}

    /// The members.
    public static let fields = FieldTable<TargetRelease>([
        .field("id", \.id, "Its id.", required: true, .maxLength(64)),
        .field("code", \.code, "Its code.", required: true),
        .field("model", \.model, "Its model.", required: true),
        .field("phase", \.phase, "How far it has come.", required: true),
        .field("waitingFor", \.waitingFor, "What holds it back.", .maxItems(16), .itemMaxLength(64), .listSet),
        .field("nextWindow", \.nextWindow, "When the next window opens.", .maxLength(64)),
        .field("checks", \.checks, "What checks before traffic came to, in order.", .maxItems(32), .atomicList),
        .field("since", \.since, "Since when it is the one that waits.", .maxLength(64)),
        .field("approvedAt", \.approvedAt, "When an approval was seen.", .maxLength(64)),
        .field(
            "approvedBy",
            \.approvedBy,
            "Who approved it, where the cluster checks that (--record-approvers).",
            .maxLength(256)
        ),
        .field("message", \.message, "More, for people.", .maxLength(1024)),
    ])
}

/// How far a release has come.
public enum ReleasePhase: String, APIEnum {
    /// A gate holds it back.
    case waiting = "Waiting"
    /// Bytes are brought into place.
    case preparing = "Preparing"
    /// A candidate is checked.
    case verifying = "Verifying"
    /// Pods are replaced.
    case progressing = "Progressing"
    /// Every pod runs it.
    case converged = "Converged"
    /// It failed, and the last good release does not run yet.
    case failed = "Failed"
    /// It failed, and the last good release runs again.
    case rolledBack = "RolledBack"
}

/// What the pods run.
public struct PodCounts: APIObject {
    /// What PodCounts is.
    public static let summary = "What the pods run."
    /// How many are wanted.
    public var desired: Int64 = 0
    /// How many run the release that comes.
    public var onTarget: Int64 = 0
    /// How many run the current release.
    public var onCurrent: Int64 = 0
    /// How many run something else.
    public var other: Int64 = 0

    /// No pods.
    public init() {}

    /// The members.
    public static let fields = FieldTable<PodCounts>([
        .field("desired", \.desired, "How many are wanted."),
        .field("onTarget", \.onTarget, "How many run the release that comes."),
        .field("onCurrent", \.onCurrent, "How many run the current release."),
        .field("other", \.other, "How many run something else."),
    ])
}

/// A half that failed.
public struct QuarantineEntry: APIObject {
    /// What QuarantineEntry is.
    public static let summary = "A half that failed and is not offered again."
    /// Which half.
    public var half = QuarantinedHalf.pair
    /// Its tag or version; for a pair both.
    public var version = ""
    /// Its digest; for a pair the release's id.
    public var digest = ""
    /// Why, for programs.
    public var reason = ""
    /// Why, for people.
    public var message = ""
    /// Since when.
    public var at = ""

    /// An empty entry.
    public init() {}

    /// The members.
    public static let fields = FieldTable<QuarantineEntry>([
        .field("half", \.half, "Which half.", required: true),
        .field("version", \.version, "Its tag or version.", required: true, .maxLength(1024)),
        .field("digest", \.digest, "Its digest; of a pair the release's id.", required: true, .maxLength(140)),
        .field("reason", \.reason, "Why, for programs.", .maxLength(128)),
        .field("message", \.message, "Why, for people.", .maxLength(1024)),
        .field("at", \.at, "Since when.", .maxLength(64)),
    ])
}

/// What is in quarantine.
public enum QuarantinedHalf: String, APIEnum {
    /// The image, with any model.
    case code = "Code"
    /// The model, with any image.
    case model = "Model"
    /// The two together.
    case pair = "Pair"
}

/// A release of the past.
public struct HistoryEntry: APIObject {
    /// What HistoryEntry is.
    public static let summary = "A release of the past."
    /// Its id.
    public var id = ""
    /// Its tag.
    public var code = ""
    /// Its model version.
    public var model = ""
    /// How it ended.
    public var result = ""
    /// What led to it.
    public var cause = ""
    /// When it started.
    public var at = ""
    /// How long it took.
    public var tookSeconds: Int64?
    /// Who approved it.
    public var approvedBy: String?

    /// An empty entry.
    public init() {}

    /// The members.
    public static let fields = FieldTable<HistoryEntry>([
        .field("id", \.id, "Its id.", required: true, .maxLength(64)),
        .field("code", \.code, "Its tag.", .maxLength(128)),
        .field("model", \.model, "Its model version.", .maxLength(1024)),
        .field(
            "result",
            \.result,
            "How it ended: Verifying, Verified, Progressing, Converged, RolledBack, Failed, Superseded.",
            .maxLength(32)
        ),
        .field(
            "cause",
            \.cause,
            "What led to it: First, NewCode, NewModel, NewCodeAndModel, Template, Rollback, Undo.",
            .maxLength(32)
        ),
        .field("at", \.at, "When it started.", .maxLength(64)),
        .field("tookSeconds", \.tookSeconds, "How long it took to converge."),
        .field("approvedBy", \.approvedBy, "Who approved it, where that was recorded.", .maxLength(256)),
    ])
}

/// Where the application answers.
public struct EndpointStatus: APIObject {
    /// What EndpointStatus is.
    public static let summary = "Where the application answers."
    /// A URL.
    public var url: String?
    /// The load balancer's address.
    public var ip: String?
    /// The load balancer's name.
    public var hostname: String?

    /// Nowhere.
    public init() {}

    /// The members.
    public static let fields = FieldTable<EndpointStatus>([
        .field("url", \.url, "A URL.", .maxLength(512)),
        .field("ip", \.ip, "The load balancer's address.", .maxLength(64)),
        .field("hostname", \.hostname, "The load balancer's name.", .maxLength(253)),
    ])
}
