import JSON
public import KubernetesAPI

/// What has to be signed before it counts.
public struct Verification: APIObject {
    /// What Verification is.
    public static let summary = "What has to be signed before it counts; fails closed."
    /// Signatures of images.
    public var code: CodeVerification?
    /// Signatures and manifests of models.
    public var model: ModelVerification?

    /// Nothing is verified.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Verification>([
        .field("code", \.code, "Signatures of images."),
        .field("model", \.model, "Signatures and manifests of models."),
    ])
}

/// Signatures of images; exactly one member is set.
public struct CodeVerification: APIObject {
    /// What CodeVerification is.
    public static let summary = "Signatures of images."
    /// By cosign.
    public var cosign: CosignVerification?
    /// By Notation.
    public var notation: NotationVerification?

    /// Nothing is verified.
    public init() {}

    /// Exactly one kind.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "cosign", "notation")]

    /// The members.
    public static let fields = FieldTable<CodeVerification>([
        .field("cosign", \.cosign, "Signatures made by cosign."),
        .field("notation", \.notation, "Signatures made by Notation."),
    ])
}

/// Signatures by cosign; exactly one of key and trust store is set.
public struct CosignVerification: APIObject {
    /// What CosignVerification is.
    public static let summary = "Signatures made by cosign."
    /// The Secret that holds the public key.
    public var keyRef: LocalReference?
    /// The Secret of trusted roots.
    public var trustStoreRef: LocalReference?
    /// Who may sign, with a trust store.
    public var identities: [String] = []

    /// No trust.
    public init() {}

    /// Exactly one kind.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "keyRef", "trustStoreRef")]

    /// The members.
    public static let fields = FieldTable<CosignVerification>([
        .field("keyRef", \.keyRef, "The Secret with the public key, PEM, in its one entry that ends at .pub."),
        .field(
            "trustStoreRef",
            \.trustStoreRef,
            "The Secret with trusted certificates, PEM, as ca.crt; as tsa.crt those of time stamp authorities."
        ),
        .field(
            "identities",
            \.identities,
            "Who may sign, required with trustStoreRef: alternative names of certificates, or x509.subject: CN=ci.",
            .maxItems(32),
            .itemMaxLength(512),
            .listSet
        ),
    ])
}

/// Signatures by Notation.
public struct NotationVerification: APIObject {
    /// What NotationVerification is.
    public static let summary = "Signatures by Notation."
    /// The Secret of trusted roots.
    public var trustStoreRef = LocalReference()
    /// Subjects that may sign.
    public var trustedIdentities: [String] = []

    /// No trust.
    public init() {}

    /// The members.
    public static let fields = FieldTable<NotationVerification>([
        .field(
            "trustStoreRef",
            \.trustStoreRef,
            "The Secret with trusted certificates, PEM, as ca.crt; as tsa.crt those of time stamp authorities.",
            required: true
        ),
        .field(
            "trustedIdentities",
            \.trustedIdentities,
            "Subjects that may sign, such as x509.subject: CN=ci.",
            required: true,
            .minItems(1),
            .maxItems(32),
            .itemMaxLength(512),
            .listSet
        ),
    ])
}

/// What a model has to carry; exactly one member is set.
public struct ModelVerification: APIObject {
    /// What ModelVerification is.
    public static let summary = "What a model has to carry."
    /// A list of sha256s.
    public var manifest: String?
    /// A signature.
    public var signature: ModelSignature?

    /// Nothing is verified.
    public init() {}

    /// Exactly one kind.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "manifest", "signature")]

    /// The members.
    public static let fields = FieldTable<ModelVerification>([
        .field("manifest", \.manifest, "An object that lists every file with its sha256.", .maxLength(256)),
        .field("signature", \.signature, "An OpenSSF Model Signing bundle."),
    ])
}

/// Who may sign models; exactly one of key and trust store is set.
public struct ModelSignature: APIObject {
    /// What ModelSignature is.
    public static let summary = "Who may sign models."
    /// A public key.
    public var keyRef: LocalReference?
    /// Trusted roots.
    public var trustStoreRef: LocalReference?
    /// Who may sign, with a trust store; empty for everybody whom it certifies.
    public var identities: [String] = []
    /// The object with the signature.
    public var bundle = "model.sig"

    /// Nobody.
    public init() {}

    /// Exactly one kind.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "keyRef", "trustStoreRef")]

    /// The members.
    public static let fields = FieldTable<ModelSignature>([
        .field("keyRef", \.keyRef, "The Secret with the public key, PEM, in its one entry that ends at .pub."),
        .field(
            "trustStoreRef",
            \.trustStoreRef,
            "The Secret with trusted certificates, PEM, as ca.crt; as tsa.crt those of time stamp authorities."
        ),
        .field(
            "identities",
            \.identities,
            "Who may sign, with trustStoreRef; empty for everybody whom the trusted certificates certify.",
            .maxItems(32),
            .itemMaxLength(512),
            .listSet
        ),
        .field(
            "bundle",
            \.bundle,
            "The name of the object with the signature, in the folder of the version.",
            .defaulted("model.sig"),
            .minLength(1),
            .maxLength(256)
        ),
    ])
}

/// A rule that a pair of code and model has to meet.
public struct CompatibilityRule: APIObject {
    /// What CompatibilityRule is.
    public static let summary = "A rule that a pair of code and model has to meet."
    /// The rule's name.
    public var name = ""
    /// The label of the image that holds a semver range.
    public var codeLabel = ""
    /// What of the model has to lie in that range.
    public var modelField = ModelField.version

    /// An empty rule.
    public init() {}

    /// The members.
    public static let fields = FieldTable<CompatibilityRule>([
        .field("name", \.name, "The rule's name.", required: true, .minLength(1), .maxLength(63)),
        .field(
            "codeLabel",
            \.codeLabel,
            "The label of the image that holds a semver range.",
            required: true,
            .minLength(1),
            .maxLength(256)
        ),
        .field("modelField", \.modelField, "What of the model has to lie in that range.", required: true),
    ])
}

/// What of a model a compatibility rule looks at.
public enum ModelField: String, APIEnum {
    /// The version's name.
    case version
}
