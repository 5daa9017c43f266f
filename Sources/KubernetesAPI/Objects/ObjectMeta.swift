public import JSON

/// The part of `metav1.ObjectMeta` that this project reads.
///
/// `managedFields` and kubectl's last-applied annotation are dropped while reading: they are half of a stored object.
public struct ObjectMeta: APIObject {
    /// The name.
    public var name = ""
    /// The namespace; empty for objects of the cluster.
    public var namespace = ""
    /// Unique over time: tells an object from a later one of the same name.
    public var uid = ""
    /// Opaque; compared for equality only.
    public var resourceVersion = ""
    /// Counts changes of the spec.
    public var generation: Int64 = 0
    /// When it was created, RFC 3339.
    public var creationTimestamp: String?
    /// When deletion was asked for, RFC 3339.
    public var deletionTimestamp: String?
    /// Labels.
    public var labels: [String: String] = [:]
    /// Annotations.
    public var annotations: [String: String] = [:]
    /// Who owns it.
    public var ownerReferences: [OwnerReference] = []

    /// Empty metadata.
    public init() {}

    /// Metadata of a new object.
    public init(_ key: ObjectKey, labels: [String: String] = [:], annotations: [String: String] = [:]) {
        name = key.name
        namespace = key.namespace
        self.labels = labels
        self.annotations = annotations
    }

    /// The owner that controls the object.
    public var controller: OwnerReference? { ownerReferences.first(where: \.controller) }

    /// What ObjectMeta is.
    public static let summary = "Standard object metadata."

    /// The members.
    public static let fields = FieldTable<ObjectMeta>([
        .field("annotations", \.annotations, "Annotations.", read: annotations),
        .field("creationTimestamp", \.creationTimestamp, "When the object was created."),
        .field("deletionTimestamp", \.deletionTimestamp, "When its deletion was asked for."),
        .field("generation", \.generation, "Counts changes of the spec."),
        .field("labels", \.labels, "Labels."),
        .field("name", \.name, "The name."),
        .field("namespace", \.namespace, "The namespace."),
        .field("ownerReferences", \.ownerReferences, "Who owns it."),
        .field("resourceVersion", \.resourceVersion, "Changes with every write."),
        .field("uid", \.uid, "Unique over time."),
    ])

    /// Annotations without kubectl's copy of the object, which is as long as the object and full of escapes.
    private static func annotations(from reader: inout JSONReader) throws(JSONError) -> [String: String] {
        try [String: String].read(from: &reader, without: "kubectl.kubernetes.io/last-applied-configuration")
    }

    /// The members that are set.
    public var json: JSONValue {
        var members = Self.fields.json(of: self).object ?? [:]
        for name in ["namespace", "uid", "resourceVersion", "name"] where members[name] == "" { members[name] = nil }
        if generation == 0 { members["generation"] = nil }
        return .object(members)
    }
}

/// A reference from an object to one that owns it.
public struct OwnerReference: APIObject {
    /// The owner's API version.
    public var apiVersion = ""
    /// The owner's kind.
    public var kind = ""
    /// The owner's name.
    public var name = ""
    /// The owner's uid: a later object of the same name is not the owner.
    public var uid = ""
    /// Whether the owner controls the object; one owner at the most does.
    public var controller = false
    /// Whether deleting the owner in the foreground waits for the object.
    public var blockOwnerDeletion = false

    /// An empty reference.
    public init() {}

    /// A controlling reference (controller-runtime `controllerutil.SetControllerReference`).
    public init(controller resource: APIResource, name: String, uid: String) {
        apiVersion = resource.apiVersion
        kind = resource.kind
        self.name = name
        self.uid = uid
        controller = true
        blockOwnerDeletion = true
    }

    /// What OwnerReference is.
    public static let summary = "A reference to an owner."

    /// The members.
    public static let fields = FieldTable<OwnerReference>([
        .field("apiVersion", \.apiVersion, "The owner's API version.", required: true),
        .field("blockOwnerDeletion", \.blockOwnerDeletion, "Whether foreground deletion of the owner waits."),
        .field("controller", \.controller, "Whether the owner controls the object."),
        .field("kind", \.kind, "The owner's kind.", required: true),
        .field("name", \.name, "The owner's name.", required: true),
        .field("uid", \.uid, "The owner's uid.", required: true),
    ])
}
