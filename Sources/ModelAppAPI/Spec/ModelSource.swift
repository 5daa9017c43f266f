import JSON
public import KubernetesAPI

/// Where the model half comes from.
public struct ModelSource: APIObject {
    /// What ModelSource is.
    public static let summary = "A store of models and how its latest version is found."
    /// Azure Blob Storage.
    public var azureBlob: AzureBlobSource?
    /// S3 and compatible stores.
    public var s3: S3Source?
    /// Artifacts in an OCI registry.
    public var oci: OCIModelSource?
    /// An MLflow model registry.
    public var mlflow: MLflowSource?
    /// Versions are folders.
    public var versions: VersionsSpec?
    /// An object names the version.
    public var pointer: PointerSpec?
    /// Fixed names.
    public var objects: [String] = []
    /// When a version counts as uploaded.
    public var complete: CompletenessSpec?
    /// Files that belong to the model.
    public var includeFiles: [String] = []
    /// Files that do not.
    public var excludeFiles: [String] = []
    /// What to do when the running version is gone.
    public var onMissing = OnMissing.keep
    /// Who reads.
    public var auth: SourceAuth?
    /// How the connection is secured.
    public var tls: TLSOptions?

    /// An empty source.
    public init() {}

    /// One store and, for stores of objects, one way to find the latest version.
    public static let rules: [OpenAPISchema.Rule] = [
        .exactlyOne(of: "azureBlob", "s3", "oci", "mlflow"),
        .atMostOne(of: "versions", "pointer", "objects"),
    ]

    /// The members.
    public static let fields = FieldTable<ModelSource>([
        .field("azureBlob", \.azureBlob, "A container of Azure Blob Storage."),
        .field("s3", \.s3, "A bucket of S3 or a compatible store."),
        .field("oci", \.oci, "A repository of model artifacts in an OCI registry; its tags are the versions."),
        .field("mlflow", \.mlflow, "A model of an MLflow registry."),
        .field("versions", \.versions, "Versions are folders below the prefix."),
        .field("pointer", \.pointer, "The text of one object names the version's folder."),
        .field(
            "objects",
            \.objects,
            "Fixed names below the prefix, overwritten in place.",
            .maxItems(64),
            .itemMaxLength(1024),
            .listSet
        ),
        .field("complete", \.complete, "When a version counts as uploaded. Default: settle 2m."),
        .field(
            "includeFiles",
            \.includeFiles,
            "Globs of files that belong to the model. Default: all.",
            .maxItems(32),
            .itemMaxLength(512),
            .atomicList
        ),
        .field(
            "excludeFiles",
            \.excludeFiles,
            "Globs of files that do not belong to it.",
            .maxItems(32),
            .itemMaxLength(512),
            .atomicList
        ),
        .field(
            "onMissing",
            \.onMissing,
            "What to do when the running version is no longer listed.",
            .defaulted("Keep")
        ),
        .field("auth", \.auth, "Who reads the store. Default: anonymous."),
        .field("tls", \.tls, "How the connection to the store is secured."),
    ])
}

/// A container of Azure Blob Storage.
public struct AzureBlobSource: APIObject {
    /// What AzureBlobSource is.
    public static let summary = "A container of Azure Blob Storage."
    /// The storage account.
    public var account = ""
    /// The container.
    public var container = ""
    /// Empty, or ends at a slash.
    public var prefix = ""
    /// The blob endpoint, where it is not Azure's own.
    public var endpoint = ""

    /// An empty source.
    public init() {}

    /// The members.
    public static let fields = FieldTable<AzureBlobSource>([
        .field(
            "account",
            \.account,
            "The storage account.",
            required: true,
            .maxLength(24),
            .pattern("^[a-z0-9]{3,24}$")
        ),
        .field(
            "container",
            \.container,
            "The container.",
            required: true,
            .maxLength(63),
            .pattern("^([$]root|[$]web|[a-z0-9](-?[a-z0-9]){2,62})$")
        ),
        .field(
            "prefix",
            \.prefix,
            "The folder of the models: empty, or ending at a slash.",
            .maxLength(1024),
            .pattern("(^|/)$")
        ),
        .field(
            "endpoint",
            \.endpoint,
            "The blob endpoint where it is not https://ACCOUNT.blob.core.windows.net.",
            .maxLength(512)
        ),
    ])
}

/// A bucket of S3 or a compatible store.
public struct S3Source: APIObject {
    /// What S3Source is.
    public static let summary = "A bucket of S3 or a compatible store."
    /// The bucket.
    public var bucket = ""
    /// Empty, or ends at a slash.
    public var prefix = ""
    /// The region.
    public var region = ""
    /// The endpoint, where it is not AWS's own.
    public var endpoint = ""

    /// An empty source.
    public init() {}

    /// The members.
    public static let fields = FieldTable<S3Source>([
        .field(
            "bucket",
            \.bucket,
            "The bucket.",
            required: true,
            .maxLength(63),
            .pattern("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
        ),
        .field(
            "prefix",
            \.prefix,
            "The folder of the models: empty, or ending at a slash.",
            .maxLength(1024),
            .pattern("(^|/)$")
        ),
        .field("region", \.region, "The region. Default: us-east-1.", .maxLength(64), .pattern("^[a-z0-9-]*$")),
        .field("endpoint", \.endpoint, "The endpoint where it is not AWS's own.", .maxLength(512)),
    ])
}

/// Model artifacts in an OCI registry.
public struct OCIModelSource: APIObject {
    /// What OCIModelSource is.
    public static let summary = "A repository of model artifacts in an OCI registry."
    /// The repository.
    public var repository = ""

    /// An empty source.
    public init() {}

    /// The members.
    public static let fields = FieldTable<OCIModelSource>([
        .field(
            "repository",
            \.repository,
            "The repository, without tag.",
            required: true,
            .minLength(1),
            .maxLength(512)
        )
    ])
}

/// A model of an MLflow registry.
public struct MLflowSource: APIObject {
    /// What MLflowSource is.
    public static let summary = "A model of an MLflow registry."
    /// The tracking server.
    public var url = ""
    /// The registered model.
    public var model = ""
    /// The alias whose version is taken.
    public var alias = ""

    /// An empty source.
    public init() {}

    /// The members.
    public static let fields = FieldTable<MLflowSource>([
        .field("url", \.url, "The tracking server.", required: true, .minLength(1), .maxLength(512)),
        .field("model", \.model, "The registered model.", required: true, .minLength(1), .maxLength(256)),
        .field("alias", \.alias, "The alias whose version is taken.", required: true, .minLength(1), .maxLength(256)),
    ])
}

/// Versions are folders below the prefix.
public struct VersionsSpec: APIObject {
    /// What VersionsSpec is.
    public static let summary = "Versions are folders below the prefix."
    /// Which folders count.
    public var filter: CandidateFilterSpec?
    /// Which one is the latest.
    public var select = SelectPolicy()

    /// An empty policy.
    public init() {}

    /// The members.
    public static let fields = FieldTable<VersionsSpec>([
        .field("filter", \.filter, "Which folders count; a folder's name ends at its slash."),
        .field("select", \.select, "Which folder is the latest.", required: true),
    ])
}

/// An object whose text names the version's folder.
public struct PointerSpec: APIObject {
    /// What PointerSpec is.
    public static let summary = "An object whose text names the version's folder."
    /// The object's name below the prefix.
    public var key = ""

    /// An empty pointer.
    public init() {}

    /// The members.
    public static let fields = FieldTable<PointerSpec>([
        .field("key", \.key, "The object's name below the prefix.", required: true, .minLength(1), .maxLength(1024))
    ])
}

/// When a version counts as uploaded; exactly one member is set.
public struct CompletenessSpec: APIObject {
    /// What CompletenessSpec is.
    public static let summary = "When a version counts as uploaded. Exactly one is set."
    /// A marker object, uploaded last.
    public var marker: String?
    /// A manifest that lists every file with its sha256, uploaded last.
    public var manifest: String?
    /// How long nothing has changed.
    public var settle: Period?

    /// What holds where nothing is said.
    public static let defaultSettle = Duration.seconds(120)

    /// An empty rule.
    public init() {}

    /// Exactly one rule.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "marker", "manifest", "settle")]

    /// The members.
    public static let fields = FieldTable<CompletenessSpec>([
        .field(
            "marker",
            \.marker,
            "An object that is uploaded last, such as _SUCCESS.",
            .minLength(1),
            .maxLength(256)
        ),
        .field(
            "manifest",
            \.manifest,
            "An object that lists every file with its sha256, such as MANIFEST.json.",
            .minLength(1),
            .maxLength(256)
        ),
        .field("settle", \.settle, "How long nothing has changed; holds for upload gaps below it."),
    ])
}
