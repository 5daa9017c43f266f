import JSON
public import KubernetesAPI
import ModelAppAPI

/// That somebody put a release back by hand, and what it was put back from. It is kept on the release's
/// ControllerRevision, so that it outlives the status.
public struct ManualHold: APIObject {
    /// What ManualHold is.
    public static let summary = "That a release was put back by hand."
    /// In which way.
    public var way = Way.rollback
    /// The number that the release had when it was put back: under a later one it runs for another reason.
    public var number: Int64 = 0
    /// The release that it was put back from.
    public var from = ""
    /// The image of that one, by digest.
    public var code = ""
    /// The model of that one, by digest.
    public var model = ""
    /// The pod template of that one, by the hash of what the user said about it.
    public var templateHash = ""
    /// The annotation that asked for it, where one did. It counts once.
    public var request: String?
    /// The annotation `modelapp.dev/resume` of that time, which so does not end this hold.
    public var spent: String?

    /// An empty hold.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ManualHold>([
        .field("way", \.way, "In which way.", required: true),
        .field("number", \.number, "The release's number of that time.", required: true),
        .field("from", \.from, "The release that it was put back from.", required: true),
        .field("code", \.code, "The image of that one.", required: true),
        .field("model", \.model, "The model of that one.", required: true),
        .field("templateHash", \.templateHash, "The pod template of that one."),
        .field("request", \.request, "The annotation that asked for it."),
        .field("spent", \.spent, "The annotation that would end an earlier hold."),
    ])

    /// In which way a release was put back.
    public enum Way: String, APIEnum {
        /// By the annotation `modelapp.dev/rollback`.
        case rollback = "Rollback"
        /// By `kubectl rollout undo`, or another who wrote the template of a known release.
        case undo = "Undo"
    }

    /// A hold on a release that is put back from `release`.
    init(_ way: Way, from release: Release, number: Int64, request: String?, spent: String?) {
        self.way = way
        self.number = number
        from = release.id
        code = release.code.digest
        model = release.model.digest
        templateHash = release.templateHash
        self.request = request
        self.spent = spent
    }
}

extension StoredRelease {
    /// The annotation that holds a manual hold, as JSON.
    public static let holdAnnotation = "modelapp.dev/hold"

    /// Whether the release runs because somebody put it back by hand, and nothing has been started since it was.
    var isPutBackByHand: Bool { hold?.number == number }
}
