import JSON
public import KubernetesAPI

/// When and how a release is made.
public struct Rollout: APIObject {
    /// What Rollout is.
    public static let summary = "When and how a release is made."
    /// When the first release is made.
    public var initial = InitialRelease.immediately
    /// When releases may start.
    public var windows: [Window] = []
    /// When none may.
    public var blackouts: [Blackout] = []
    /// How old a version has to be.
    public var minAge: Period?
    /// Whose consent is needed.
    public var approval: Approval?
    /// Which ModelApps have to run the pair first.
    public var after: [AfterRule] = []
    /// How pods are replaced.
    public var strategy = Strategy()
    /// What is checked before traffic.
    public var verify: [VerifyStep] = []
    /// How long a rollout may stand still.
    public var progressDeadline = Period(.seconds(900))
    /// What happens when it fails.
    public var onFailure = FailurePolicy.rollback
    /// How often a pair is tried.
    public var attempts: Int64 = 1
    /// Holds a half.
    public var pin: PinnedVersions?
    /// Versions that are passed over.
    public var skip: SkippedVersions?
    /// How many releases are remembered.
    public var historyLimit: Int64 = 10

    /// The defaults.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Rollout>([
        .field("initial", \.initial, "When the first release is made.", .defaulted("Immediately")),
        .field("windows", \.windows, "When releases may start. Default: at any time.", .maxItems(32), .listMap("name")),
        .field("blackouts", \.blackouts, "When no release may start.", .maxItems(64), .listMap("name")),
        .field("minAge", \.minAge, "How old a version has to be, by the time of its push or upload."),
        .field("approval", \.approval, "Whose consent a release needs."),
        .field("after", \.after, "ModelApps that have to run the same pair first.", .maxItems(8), .listMap("name")),
        .field("strategy", \.strategy, "How pods are replaced."),
        .field(
            "verify",
            \.verify,
            "What is checked before traffic reaches a release.",
            .maxItems(32),
            .listMap("name")
        ),
        .field(
            "progressDeadline",
            \.progressDeadline,
            "How long a rollout may stand still.",
            .defaulted("15m")
        ),
        .field("onFailure", \.onFailure, "What happens when a release fails.", .defaulted("Rollback")),
        .field("attempts", \.attempts, "How often a pair is tried before quarantine.", .range(1...10), .defaulted(1)),
        .field("pin", \.pin, "Holds a half at a version."),
        .field("skip", \.skip, "Versions that are passed over."),
        .field(
            "historyLimit",
            \.historyLimit,
            "How many releases are remembered; the last good one always is.",
            .range(2...100),
            .defaulted(10)
        ),
    ])
}

/// When the first release is made.
public enum InitialRelease: String, APIEnum {
    /// At once.
    case immediately = "Immediately"
    /// When a window opens.
    case wait = "Wait"
}

/// What happens when a release fails.
public enum FailurePolicy: String, APIEnum {
    /// The last release that converged is applied again.
    case rollback = "Rollback"
    /// Everything stays as it is.
    case pause = "Pause"
}

/// A recurring time in which releases may start.
public struct Window: APIObject {
    /// What Window is.
    public static let summary = "A recurring time in which releases may start."
    /// Its name.
    public var name = ""
    /// When it opens.
    public var cron = ""
    /// How long it stays open.
    public var duration = Period(.seconds(3600))
    /// The zone of `cron`.
    public var timeZone = "UTC"

    /// An empty window.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Window>([
        .field("name", \.name, "Its name.", required: true, .minLength(1), .maxLength(63)),
        .field("cron", \.cron, "When it opens: five cron fields.", required: true, .minLength(1), .maxLength(256)),
        .field("duration", \.duration, "How long it stays open.", required: true),
        .field("timeZone", \.timeZone, "The IANA time zone of cron.", .minLength(1), .maxLength(64), .defaulted("UTC")),
    ])
}

/// A time in which no release may start.
public struct Blackout: APIObject {
    /// What Blackout is.
    public static let summary = "A time in which no release may start."
    /// Its name.
    public var name = ""
    /// The first day.
    public var from = ""
    /// The last day.
    public var to = ""
    /// The zone of the days.
    public var timeZone = "UTC"

    /// An empty blackout.
    public init() {}

    private static let day = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

    /// The members.
    public static let fields = FieldTable<Blackout>([
        .field("name", \.name, "Its name.", required: true, .minLength(1), .maxLength(63)),
        .field("from", \.from, "The first day, such as 2026-12-20.", required: true, .maxLength(10), .pattern(day)),
        .field("to", \.to, "The last day.", required: true, .maxLength(10), .pattern(day)),
        .field(
            "timeZone",
            \.timeZone,
            "The IANA time zone of the days.",
            .minLength(1),
            .maxLength(64),
            .defaulted("UTC")
        ),
    ])
}

/// Whose consent a release needs.
public struct Approval: APIObject {
    /// What Approval is.
    public static let summary = "Whose consent a release needs."
    /// The halves that need it.
    public var halves: [Half] = []
    /// After how long an open request is dropped.
    public var deadline: Period?

    /// No consent.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Approval>([
        .field(
            "for",
            \.halves,
            "A change of which halves needs consent.",
            required: true,
            .minItems(1),
            .maxItems(2),
            .listSet
        ),
        .field("deadline", \.deadline, "After how long a request without answer is dropped."),
    ])
}

/// The two halves of a release.
public enum Half: String, APIEnum {
    /// The image.
    case code = "Code"
    /// The model.
    case model = "Model"
}

/// A ModelApp that has to run the pair first.
public struct AfterRule: APIObject {
    /// What AfterRule is.
    public static let summary = "A ModelApp that has to run the same pair first."
    /// The rule's name.
    public var name = ""
    /// The ModelApp.
    public var modelApp = ModelAppReference()
    /// For how long.
    public var period: Period?

    /// An empty rule.
    public init() {}

    /// The members.
    public static let fields = FieldTable<AfterRule>([
        .field("name", \.name, "The rule's name.", required: true, .minLength(1), .maxLength(63)),
        .field("modelApp", \.modelApp, "The ModelApp; it must name our namespace in allowAfterFrom.", required: true),
        .field("for", \.period, "For how long it has to run the pair."),
    ])
}

/// Names a ModelApp.
public struct ModelAppReference: APIObject {
    /// What ModelAppReference is.
    public static let summary = "Names a ModelApp."
    /// Its namespace.
    public var namespace: String?
    /// Its name.
    public var name = ""

    /// An empty reference.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ModelAppReference>([
        .field("namespace", \.namespace, "Its namespace. Default: the same.", .maxLength(63)),
        .field("name", \.name, "Its name.", required: true, .minLength(1), .maxLength(63)),
    ])
}

/// How pods are replaced.
public struct Strategy: APIObject {
    /// What Strategy is.
    public static let summary = "How pods are replaced."
    /// The kind.
    public var type = StrategyType.rolling
    /// Percentages of a canary.
    public var steps: [Int64] = []
    /// The time between steps.
    public var pause: Period?
    /// How long the release of before is kept.
    public var scaleDownDelay: Period?

    /// Rolling.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Strategy>([
        .field("type", \.type, "The kind of strategy.", .defaulted("Rolling")),
        .field("steps", \.steps, "Percentages of a canary, rising.", .maxItems(16), .itemRange(1...100), .atomicList),
        .field("pause", \.pause, "The time between two steps."),
        .field(
            "scaleDownDelay",
            \.scaleDownDelay,
            "How long BlueGreen and Canary keep the pods of the release of before, so that going back takes no time. "
                + "Default: 5m."
        ),
    ])
}

/// Ways to replace pods.
public enum StrategyType: String, APIEnum {
    /// The Deployment's own rolling update.
    case rolling = "Rolling"
    /// A second Deployment, then a switch of the Service.
    case blueGreen = "BlueGreen"
    /// In growing shares.
    case canary = "Canary"
    /// All old pods go first.
    case recreate = "Recreate"
}

/// Holds halves at versions.
public struct PinnedVersions: APIObject {
    /// What PinnedVersions is.
    public static let summary = "Holds halves at versions."
    /// A tag.
    public var code: String?
    /// A version.
    public var model: String?

    /// Holds nothing.
    public init() {}

    /// The members.
    public static let fields = FieldTable<PinnedVersions>([
        .field("code", \.code, "The tag that is held.", .minLength(1), .maxLength(128)),
        .field("model", \.model, "The version that is held.", .minLength(1), .maxLength(256)),
    ])
}

/// Versions that are passed over.
public struct SkippedVersions: APIObject {
    /// What SkippedVersions is.
    public static let summary = "Versions that are passed over."
    /// Tags.
    public var code: [String] = []
    /// Versions.
    public var model: [String] = []

    /// Nothing is passed over.
    public init() {}

    /// The members.
    public static let fields = FieldTable<SkippedVersions>([
        .field("code", \.code, "Tags that are passed over.", .maxItems(256), .itemMaxLength(128), .listSet),
        .field("model", \.model, "Versions that are passed over.", .maxItems(256), .itemMaxLength(256), .listSet),
    ])
}
