import JSON
public import KubernetesAPI

/// Where the code half comes from.
public struct CodeSource: APIObject {
    /// What CodeSource is.
    public static let summary = "A repository of container images and the policy that picks one of its tags."
    /// The repository, without tag.
    public var image = ""
    /// Which tag is the latest.
    public var select = SelectPolicy()
    /// Which tags count, and what of them is compared.
    public var filter: CandidateFilterSpec?
    /// Tags that never count.
    public var exclude: [String]?
    /// The platforms an image has to have.
    public var platforms: [String] = []
    /// What to do when the running version is gone.
    public var onMissing = OnMissing.keep
    /// Who reads.
    public var auth: SourceAuth?
    /// How the connection is secured.
    public var tls: TLSOptions?

    /// An empty source.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CodeSource>([
        .field(
            "image",
            \.image,
            "The image repository, without tag or digest: acr.azurecr.io/model-api.",
            required: true,
            .minLength(1),
            .maxLength(512)
        ),
        .field("select", \.select, "Which tag is the latest.", required: true),
        .field("filter", \.filter, "Which tags count, and what of a tag is compared."),
        .field(
            "exclude",
            \.exclude,
            "Patterns of tags that never count. Default: signatures and the like.",
            .maxItems(32),
            .itemMaxLength(512),
            .atomicList
        ),
        .field(
            "platforms",
            \.platforms,
            "Platforms that an image has to have to count. Default: linux/amd64.",
            .maxItems(16),
            .itemMaxLength(64),
            .listSet
        ),
        .field(
            "onMissing",
            \.onMissing,
            "What to do when the running version is no longer listed.",
            .defaulted("Keep")
        ),
        .field("auth", \.auth, "Who reads the registry. Default: the workload's imagePullSecrets, else anonymous."),
        .field("tls", \.tls, "How the connection to the registry is secured."),
    ])
}

/// What to do when the running version is gone from its source.
public enum OnMissing: String, APIEnum {
    /// Keep running it.
    case keep = "Keep"
    /// Go back to the latest that is there.
    case downgrade = "Downgrade"
}

/// Which candidate is the latest; exactly one member is set.
public struct SelectPolicy: APIObject {
    /// What SelectPolicy is.
    public static let summary = "Which candidate is the latest. Exactly one policy is set."
    /// By semantic version.
    public var semver: SemVerPolicy?
    /// By number.
    public var numerical: EmptyPolicy?
    /// By alphabet.
    public var alphabetical: EmptyPolicy?
    /// By time of push or upload.
    public var newest: EmptyPolicy?
    /// One name, followed by what it points to.
    public var tag: TagPolicySpec?

    /// No policy.
    public init() {}

    /// Exactly one policy.
    public static let rules: [OpenAPISchema.Rule] = [
        .exactlyOne(of: "semver", "numerical", "alphabetical", "newest", "tag")
    ]

    /// The members.
    public static let fields = FieldTable<SelectPolicy>([
        .field("semver", \.semver, "The greatest semantic version in a range."),
        .field("numerical", \.numerical, "The greatest number, such as a build id."),
        .field("alphabetical", \.alphabetical, "The last by alphabet, such as a date."),
        .field("newest", \.newest, "The one pushed or uploaded last."),
        .field("tag", \.tag, "One name; a release follows when it points to other bytes."),
    ])
}

/// The greatest semantic version.
public struct SemVerPolicy: APIObject {
    /// What SemVerPolicy is.
    public static let summary = "The greatest semantic version in a range."
    /// The range.
    public var range = "*"

    /// Any version.
    public init() {}

    /// The members.
    public static let fields = FieldTable<SemVerPolicy>([
        .field(
            "range",
            \.range,
            "A range such as \">=1.0 <3\"; pre-releases count where it names one.",
            .minLength(1),
            .maxLength(256),
            .defaulted("*")
        )
    ])
}

/// A policy without parameters.
public struct EmptyPolicy: APIObject {
    /// What EmptyPolicy is.
    public static let summary = "A policy without parameters."

    /// The policy.
    public init() {}

    /// No members.
    public static let fields = FieldTable<EmptyPolicy>([])
}

/// One fixed name.
public struct TagPolicySpec: APIObject {
    /// What TagPolicySpec is.
    public static let summary = "One fixed name."
    /// The name.
    public var name = ""

    /// An empty policy.
    public init() {}

    /// The members.
    public static let fields = FieldTable<TagPolicySpec>([
        .field("name", \.name, "The name.", required: true, .minLength(1), .maxLength(128))
    ])
}

/// Which candidates count, and what of their names is compared.
public struct CandidateFilterSpec: APIObject {
    /// What CandidateFilterSpec is.
    public static let summary = "Which candidates count, and what of a name is compared."
    /// The pattern that a name has to contain.
    public var match = ""
    /// What is compared, with `$1` or `$name` for groups.
    public var extract: String?

    /// An empty filter.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CandidateFilterSpec>([
        .field(
            "match",
            \.match,
            "A pattern in RE2's dialect that a name has to contain.",
            required: true,
            .minLength(1),
            .maxLength(512)
        ),
        .field(
            "extract",
            \.extract,
            "What of the name is compared: $1 or $name for a group. Default: the whole name.",
            .maxLength(256)
        ),
    ])
}

/// Who reads a source; exactly one member is set.
public struct SourceAuth: APIObject {
    /// What SourceAuth is.
    public static let summary = "Who reads a source. Exactly one is set."
    /// A Secret.
    public var secretRef: LocalReference?
    /// A cloud identity.
    public var identity: IdentityRef?

    /// No credential.
    public init() {}

    /// Exactly one credential.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "secretRef", "identity")]

    /// The members.
    public static let fields = FieldTable<SourceAuth>([
        .field("secretRef", \.secretRef, "A Secret with keys or a docker config."),
        .field("identity", \.identity, "A cloud identity."),
    ])
}

/// A cloud identity.
public struct IdentityRef: APIObject {
    /// What IdentityRef is.
    public static let summary = "A cloud identity."
    /// The cloud.
    public var provider = CloudProvider.azure
    /// The ServiceAccount that the identity is federated with.
    public var serviceAccountName: String?

    /// An empty reference.
    public init() {}

    /// The members.
    public static let fields = FieldTable<IdentityRef>([
        .field("provider", \.provider, "The cloud.", required: true),
        .field(
            "serviceAccountName",
            \.serviceAccountName,
            "The ServiceAccount that the identity is federated with.",
            .maxLength(253)
        ),
    ])
}

/// A cloud that issues identities.
public enum CloudProvider: String, APIEnum {
    /// Microsoft Entra ID.
    case azure
    /// AWS.
    case aws
}

/// How a connection is secured.
public struct TLSOptions: APIObject {
    /// What TLSOptions is.
    public static let summary = "How a connection is secured."
    /// A Secret whose `ca.crt` is trusted instead of the system's roots.
    public var caSecretRef: LocalReference?
    /// Talks HTTP.
    public var plainHTTP = false
    /// Accepts any certificate.
    public var skipVerify = false

    /// The system's roots.
    public init() {}

    /// The members.
    public static let fields = FieldTable<TLSOptions>([
        .field("caSecretRef", \.caSecretRef, "A Secret whose ca.crt is trusted instead of the system's roots."),
        .field("plainHTTP", \.plainHTTP, "Talks HTTP without TLS."),
        .field("skipVerify", \.skipVerify, "Accepts any certificate. For development."),
    ])
}
