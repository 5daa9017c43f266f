import JSON
public import KubernetesAPI

/// That a release failed, and what of it is held to be guilty. It is kept on the release's ControllerRevision.
public struct ReleaseFailure: APIObject {
    /// What ReleaseFailure is.
    public static let summary = "That a release failed, and what of it is held to be guilty."
    /// What is not tried again.
    public var blame = Blame.pair
    /// One CamelCase word.
    public var reason = ""
    /// For people.
    public var message = ""
    /// When it was noticed, RFC 3339.
    public var at = ""

    /// An empty failure.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ReleaseFailure>([
        .field("blame", \.blame, "What is not tried again.", required: true),
        .field("reason", \.reason, "Why, for programs.", required: true),
        .field("message", \.message, "Why, for people."),
        .field("at", \.at, "When it was noticed.", required: true),
    ])

    /// What is held to be guilty: what differs from the last release that ran.
    public enum Blame: String, APIEnum {
        /// The image.
        case code = "Code"
        /// The model.
        case model = "Model"
        /// The two together, or one of them, nobody knows which.
        case pair = "Pair"
        /// The pod template.
        case template = "Template"
    }
}

extension StoredRelease {
    /// The annotation that holds a failure, as JSON.
    public static let failureAnnotation = "modelapp.dev/failure"
    /// The annotation that holds the request by which a failure was forgiven.
    public static let forgivenAnnotation = "modelapp.dev/forgiven"
    /// The annotation that says why a release was applied again.
    public static let causeAnnotation = "modelapp.dev/cause"

    /// Whether `app` asks for another try of this release: by its id, or by its id, a dot and anything, so that it can be
    /// asked for again. A request counts once.
    func isForgiven(by request: String?) -> Bool {
        guard let request, forgiven != request else { return false }
        return request.prefix { $0 != "." } == release.id
    }
}
