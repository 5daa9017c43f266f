public import KubernetesAPI

/// What a check before traffic came to.
public struct CheckResult: APIObject {
    /// What CheckResult is.
    public static let summary = "What a check before traffic came to."
    /// Its name.
    public var name = ""
    /// How it stands.
    public var result = CheckState.pending
    /// Why, for people. Holds nothing that the application said.
    public var message: String?
    /// Since when.
    public var at: String?

    /// A check that was not made yet.
    public init() {}
    /// A result of its parts.
    public init(name: String, _ result: CheckState, message: String? = nil, at: String? = nil) {
        (self.name, self.result, self.message, self.at) = (name, result, message, at)
    }

    /// The members.
    public static let fields = FieldTable<CheckResult>([
        .field("name", \.name, "Its name.", required: true, .maxLength(63)),
        .field("result", \.result, "How it stands.", required: true),
        .field("message", \.message, "Why, for people.", .maxLength(512)),
        .field("at", \.at, "Since when.", .maxLength(64)),
    ])
}

/// How a check stands.
public enum CheckState: String, APIEnum {
    /// Its turn has not come.
    case pending = "Pending"
    /// It is being made.
    case running = "Running"
    /// Something that it needs is not there; it is tried again.
    case blocked = "Blocked"
    /// The release did what it should.
    case passed = "Passed"
    /// The release did not.
    case failed = "Failed"
}
