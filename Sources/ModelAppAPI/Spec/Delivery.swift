public import JSON
public import KubernetesAPI

/// How the model reaches the container.
public struct Delivery: APIObject {
    /// What Delivery is.
    public static let summary = "How the model reaches the container."
    /// The way.
    public var mode = DeliveryMode.initContainer
    /// Where the model is mounted.
    public var mountPath = "/models"
    /// The names of environment variables.
    public var env = DeliveryEnvironment()
    /// The init container that fetches.
    public var fetch: FetchOptions?
    /// Where baked images go.
    public var baked: BakedOptions?
    /// When images and models are brought to nodes.
    public var prefetch = PrefetchPolicy.never
    /// Swaps the model in running pods.
    public var reload: ReloadOptions?

    /// The default way.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Delivery>([
        .field("mode", \.mode, "The way the model is delivered.", .defaulted("InitContainer")),
        .field(
            "mountPath",
            \.mountPath,
            "Where the model lies in the container.",
            .maxLength(256),
            .pattern("^/[A-Za-z0-9._/-]+$"),
            .defaulted("/models")
        ),
        .field("env", \.env, "Names of the environment variables that tell the container about its model."),
        .field("fetch", \.fetch, "The init container that fetches the model."),
        .field("baked", \.baked, "Where images of code and model go. Required with mode Baked."),
        .field("prefetch", \.prefetch, "When images and models are brought to the nodes.", .defaulted("Never")),
        .field("reload", \.reload, "Swaps the model in running pods instead of restarting them."),
    ])
}

/// The ways in which a model is delivered.
public enum DeliveryMode: String, APIEnum {
    /// An init container fetches it from the store.
    case initContainer = "InitContainer"
    /// One image holds code and model.
    case baked = "Baked"
    /// The model is an OCI artifact, mounted as a volume.
    case imageVolume = "ImageVolume"
    /// The container reads the store by itself.
    case reference = "Reference"
}

/// When images and models are brought to nodes.
public enum PrefetchPolicy: String, APIEnum {
    /// When pods start.
    case never = "Never"
    /// Before a window opens.
    case beforeWindow = "BeforeWindow"
    /// As soon as they are known.
    case always = "Always"
}

/// Names of environment variables.
public struct DeliveryEnvironment: APIObject {
    /// What DeliveryEnvironment is.
    public static let summary = "Names of the environment variables that tell the container about its model."
    /// Holds the folder of the model, or its URI with mode Reference.
    public var path = "MODEL_PATH"
    /// Holds the version's name.
    public var version = "MODEL_VERSION"
    /// Holds the digest of the model.
    public var revision = "MODEL_REVISION"

    /// The default names.
    public init() {}

    private static let pattern = "^[A-Za-z_][A-Za-z0-9_]{0,126}$"

    /// The members.
    public static let fields = FieldTable<DeliveryEnvironment>([
        .field(
            "path",
            \.path,
            "Holds the folder of the model.",
            .maxLength(127),
            .pattern(pattern),
            .defaulted("MODEL_PATH")
        ),
        .field(
            "version",
            \.version,
            "Holds the version's name.",
            .maxLength(127),
            .pattern(pattern),
            .defaulted("MODEL_VERSION")
        ),
        .field(
            "revision",
            \.revision,
            "Holds the digest of the model.",
            .maxLength(127),
            .pattern(pattern),
            .defaulted("MODEL_REVISION")
        ),
    ])
}

/// The init container that fetches a model.
public struct FetchOptions: APIObject {
    /// What FetchOptions is.
    public static let summary = "The init container that fetches the model."
    /// Its image.
    public var image = ""
    /// Its resources.
    public var resources: JSONValue = .object([:])
    /// The size limit of the volume.
    public var sizeLimit: String?

    /// The defaults.
    public init() {}

    /// The members.
    public static let fields = FieldTable<FetchOptions>([
        .field("image", \.image, "Its image. Default: the operator's --fetch-image.", .maxLength(512)),
        .field("resources", \.resources, "Its resource requests and limits."),
        .field(
            "sizeLimit",
            \.sizeLimit,
            "The size limit of the model's volume, such as 20Gi.",
            .maxLength(32),
            .pattern("^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$")
        ),
    ])
}

/// Where baked images go.
public struct BakedOptions: APIObject {
    /// What BakedOptions is.
    public static let summary = "Where images of code and model go."
    /// The repository.
    public var repository = ""
    /// Who pushes.
    public var auth: SourceAuth?
    /// How the registry is spoken to.
    public var tls: TLSOptions?
    /// Signs the images.
    public var sign: SigningOptions?

    /// No options.
    public init() {}

    /// The members.
    public static let fields = FieldTable<BakedOptions>([
        .field(
            "repository",
            \.repository,
            "The repository, without tag.",
            required: true,
            .minLength(1),
            .maxLength(512)
        ),
        .field("auth", \.auth, "Who pushes. Default: as for the code."),
        .field("tls", \.tls, "How the registry is spoken to. Default: as that of the code, where it is the same."),
        .field("sign", \.sign, "Signs the images."),
    ])
}

/// A key to sign with.
public struct SigningOptions: APIObject {
    /// What SigningOptions is.
    public static let summary = "A key to sign with."
    /// The Secret that holds it.
    public var keyRef = LocalReference()

    /// No key.
    public init() {}

    /// The members.
    public static let fields = FieldTable<SigningOptions>([
        .field(
            "keyRef",
            \.keyRef,
            "The Secret that holds the cosign key, as cosign generate-key-pair k8s://NAMESPACE/NAME makes it.",
            required: true
        )
    ])
}

/// Swaps the model in running pods.
public struct ReloadOptions: APIObject {
    /// What ReloadOptions is.
    public static let summary = "Swaps the model in running pods."
    /// The call that makes the application read its model again.
    public var http = ReloadCall()

    /// No options.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ReloadOptions>([
        .field("http", \.http, "The call that makes the application read its model again.", required: true)
    ])
}

/// An HTTP call into a pod.
public struct ReloadCall: APIObject {
    /// What ReloadCall is.
    public static let summary = "An HTTP call into a pod."
    /// The port.
    public var port: Int64 = 0
    /// The path.
    public var path = "/"

    /// An empty call.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ReloadCall>([
        .field("port", \.port, "The port.", required: true, .range(1...65_535)),
        .field("path", \.path, "The path.", .maxLength(1024), .pattern("^/"), .defaulted("/")),
    ])
}
