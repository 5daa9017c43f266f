import Artifacts
import Crypto
public import JSON
public import KubernetesAPI
public import ModelAppAPI

/// A release: an immutable pair of code and model, with everything that was rendered from it.
///
/// It is frozen in one ControllerRevision when it is made, and applied from there ever after: an operator of a later
/// version does not render a running release anew, and a rollback is byte for byte.
public struct Release: APIObject {
    /// What Release is.
    public static let summary = "An immutable pair of code and model, with the pod template rendered from it."
    /// The identity of the pair and the template: 12 hexadecimal digits.
    public var id = ""
    /// The code half.
    public var code = CodeVersion()
    /// The image repository of the code.
    public var repository = ""
    /// The model half.
    public var model = ModelVersion()
    /// The folder or object that held the model's bytes when the release was made.
    public var modelURI = ""
    /// The version ids of objects that are overwritten in place, by their names, where the store keeps versions.
    public var objectVersions: [String: String] = [:]
    /// The image that the container runs.
    public var image = ""
    /// How the model is delivered.
    public var mode = DeliveryMode.reference
    /// Whether the bytes of both halves can be had again later.
    public var restorable = true
    /// What led to the release.
    public var cause = ""
    /// The rendered pod template.
    public var template: JSONValue = .object([:])
    /// The hash of what the user said about the template.
    public var templateHash = ""
    /// The Deployment that the template is a patch of; nil for an own one.
    public var adopted: AdoptedDeployment?

    /// An empty release.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Release>([
        .field("id", \.id, "The identity.", required: true),
        .field("code", \.code, "The code half.", required: true),
        .field("repository", \.repository, "The image repository of the code.", required: true),
        .field("model", \.model, "The model half.", required: true),
        .field("modelURI", \.modelURI, "Where the model's bytes are.", required: true),
        .field("objectVersions", \.objectVersions, "The version ids of objects that are overwritten in place."),
        .field("image", \.image, "The image that the container runs.", required: true),
        .field("mode", \.mode, "How the model is delivered.", required: true),
        .field("restorable", \.restorable, "Whether the bytes can be had again.", required: true),
        .field("cause", \.cause, "What led to the release."),
        .field("template", \.template, "The rendered pod template.", required: true),
        .field("templateHash", \.templateHash, "The hash of what the user said about the template."),
        .field("adopted", \.adopted, "The Deployment that the template is a patch of."),
    ])

    /// The identity of a pair in a template: it changes if and only if bits or the user's template change.
    public static func id(codeDigest: String, modelDigest: String, templateHash: String) -> String {
        let text = codeDigest + "\n" + modelDigest + "\n" + templateHash
        return String(SHA256.hash(data: Array(text.utf8)).hexadecimal.prefix(12))
    }
}

/// An existing Deployment that a release was made for.
public struct AdoptedDeployment: APIObject {
    /// What AdoptedDeployment is.
    public static let summary = "An existing Deployment that a release was made for."
    /// Its name.
    public var name = ""
    /// Its uid.
    public var uid = ""

    /// No Deployment.
    public init() {}

    /// The members.
    public static let fields = FieldTable<AdoptedDeployment>([
        .field("name", \.name, "Its name.", required: true),
        .field("uid", \.uid, "Its uid.", required: true),
    ])
}

/// A release as it is kept in the cluster.
public struct StoredRelease: Sendable, Hashable {
    /// The release.
    public var release: Release
    /// The release as it lies in the revision. It is written back as it is, because the data of a ControllerRevision is
    /// immutable and an operator of another version may know other members.
    public var data: JSONValue
    /// Its number; a release that is applied again gets a new one.
    public var number: Int64
    /// The revision object's name.
    public var name: String
    /// The revision object's uid.
    public var uid: String
    /// The state of the revision object that was read.
    public var resourceVersion: String
    /// When it was last brought into place, RFC 3339.
    public var startedAt: String
    /// When every pod first ran it, RFC 3339.
    public var convergedAt: String?
    /// That it failed when it was last brought into place.
    public var failure: ReleaseFailure?
    /// The request by which an earlier failure was forgiven.
    public var forgiven: String?
    /// What led to its last start.
    public var cause: String
    /// That it was put back by hand, now or under an earlier number.
    public var hold: ManualHold?
    /// Who approved it, where that was recorded.
    public var approvedBy: String?
    /// How far its verification has come; nil where nothing asked for one.
    public var verification: VerificationRecord?
    /// Which try it is, from 1.
    public var attempt: Int64

    /// The annotation that says when a release was last brought into place.
    public static let startedAnnotation = "modelapp.dev/started-at"
    /// The annotation that says who approved a release.
    public static let approverAnnotation = "modelapp.dev/approved-by"
    /// The annotation that says when a release converged.
    public static let convergedAnnotation = "modelapp.dev/converged-at"

    /// The release in a ControllerRevision; nil where it holds something else.
    public init?(_ revision: ControllerRevision) {
        guard let release = try? Release(json: revision.data) else { return nil }
        self.release = release
        data = revision.data
        number = revision.revision
        name = revision.metadata.name
        uid = revision.metadata.uid
        resourceVersion = revision.metadata.resourceVersion
        startedAt = revision.metadata.annotations[Self.startedAnnotation] ?? revision.metadata.creationTimestamp ?? ""
        convergedAt = revision.metadata.annotations[Self.convergedAnnotation]
        // What cannot be read was not written by us, and blames nobody.
        func read<Value: APIObject>(_ annotation: String) -> Value? {
            revision.metadata.annotations[annotation].flatMap { try? Value(parsing: Array($0.utf8)) }
        }
        failure = read(Self.failureAnnotation)
        hold = read(Self.holdAnnotation)
        forgiven = revision.metadata.annotations[Self.forgivenAnnotation]
        cause = revision.metadata.annotations[Self.causeAnnotation] ?? release.cause
        approvedBy = revision.metadata.annotations[Self.approverAnnotation]
        verification = revision.metadata.annotations[Self.verificationAnnotation].flatMap { text in
            (try? JSONValue(parsing: Array(text.utf8))).flatMap { try? VerificationRecord(json: $0) }
        }
        attempt = revision.metadata.annotations[Keys.attempt].flatMap { Int64($0) } ?? 1
    }
}

extension JSONValue {
    /// The sha256 of the canonical form, hexadecimal.
    public var sha256: String { SHA256.hash(data: canonicalBytes).hexadecimal }
}

extension Sequence where Element == UInt8 {
    /// The bytes in lower-case hexadecimal.
    var hexadecimal: String { Array(self).hexadecimal }
}
