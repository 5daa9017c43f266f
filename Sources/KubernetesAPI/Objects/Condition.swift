import JSON

/// An observation about an object (`metav1.Condition`).
public struct Condition: APIObject {
    /// Which observation: `Ready`, `Stalled`.
    public var type = ""
    /// `True`, `False` or `Unknown`.
    public var status = "Unknown"
    /// The generation of the spec that was observed.
    public var observedGeneration: Int64 = 0
    /// When `status` last changed, RFC 3339.
    public var lastTransitionTime = ""
    /// Why, in one CamelCase word that programs may rely on.
    public var reason = ""
    /// Why, for people.
    public var message = ""

    /// An empty condition.
    public init() {}

    /// A condition that is not written yet.
    public init(_ type: String, _ status: Bool?, reason: String, message: String) {
        self.type = type
        self.status = status.map { $0 ? "True" : "False" } ?? "Unknown"
        self.reason = reason
        self.message = message
    }

    /// Whether it holds.
    public var isTrue: Bool { status == "True" }

    /// What Condition is.
    public static let summary = "An observation about the object."

    /// The members, with the limits of `metav1.Condition`.
    public static let fields = FieldTable<Condition>([
        .field("lastTransitionTime", \.lastTransitionTime, "When status last changed.", required: true, .maxLength(64)),
        .field("message", \.message, "Why, for people.", required: true, .maxLength(32_768)),
        .field("observedGeneration", \.observedGeneration, "The generation that was observed."),
        .field(
            "reason",
            \.reason,
            "Why, in one word for programs.",
            required: true,
            .minLength(1),
            .maxLength(1024),
            .pattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
        ),
        .field("status", \.status, "True, False or Unknown.", required: true, .oneOf("True", "False", "Unknown")),
        .field("type", \.type, "Which observation.", required: true, .maxLength(316)),
    ])
}
