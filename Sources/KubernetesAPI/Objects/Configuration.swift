public import JSON

/// A Secret. Prints without its contents.
public struct Secret: KubernetesObject, CustomStringConvertible, CustomDebugStringConvertible {
    /// Where Secrets live.
    public static let resource = APIResource(group: "", version: "v1", kind: "Secret", plural: "secrets")
    /// What Secret is.
    public static let summary = "Confidential values."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The values, base64.
    public var data: [String: String] = [:]
    /// What the values are: `Opaque`, `kubernetes.io/dockerconfigjson`.
    public var type = ""

    /// An empty Secret.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Secret>([
        .field("data", \.data, "The values, base64."),
        .field("metadata", \.metadata, "The metadata."),
        .field("type", \.type, "What the values are."),
    ])

    /// The name and the keys, never a value.
    public var description: String { "Secret \(key) [\(data.keys.sorted().joined(separator: ", "))]" }
    /// The name and the keys, never a value.
    public var debugDescription: String { description }
}

/// A ConfigMap.
public struct ConfigMap: KubernetesObject {
    /// Where ConfigMaps live.
    public static let resource = APIResource(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    /// What ConfigMap is.
    public static let summary = "Values that are not confidential."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The text values.
    public var data: [String: String] = [:]
    /// The binary values, base64.
    public var binaryData: [String: String] = [:]

    /// An empty ConfigMap.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ConfigMap>([
        .field("binaryData", \.binaryData, "The binary values, base64."),
        .field("data", \.data, "The text values."),
        .field("metadata", \.metadata, "The metadata."),
    ])
}

/// A Pod as far as this project reads it.
public struct Pod: KubernetesObject {
    /// Where Pods live.
    public static let resource = APIResource(group: "", version: "v1", kind: "Pod", plural: "pods")
    /// What Pod is.
    public static let summary = "Containers that run together."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The specification.
    public var spec: JSONValue = .object([:])
    /// The state.
    public var status: JSONValue = .object([:])

    /// An empty Pod.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Pod>([
        .field("metadata", \.metadata, "The metadata."),
        .field("spec", \.spec, "The specification."),
        .field("status", \.status, "The state."),
    ])
}

/// A lease, by which one of several processes leads (`coordination.k8s.io/v1`).
public struct Lease: KubernetesObject {
    /// Where Leases live.
    public static let resource = APIResource(
        group: "coordination.k8s.io",
        version: "v1",
        kind: "Lease",
        plural: "leases"
    )
    /// What Lease is.
    public static let summary = "Says which process leads."
    /// The metadata.
    public var metadata = ObjectMeta()
    /// The record.
    public var spec = LeaseSpec()

    /// An empty Lease.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Lease>([
        .field("metadata", \.metadata, "The metadata."),
        .field("spec", \.spec, "The record."),
    ])
}

/// The record of a lease.
public struct LeaseSpec: APIObject {
    /// What LeaseSpec is.
    public static let summary = "Who leads, since when and for how long."
    /// Who leads; empty if nobody does.
    public var holderIdentity: String?
    /// For how many seconds a renewal holds.
    public var leaseDurationSeconds: Int64?
    /// When the holder took it, RFC 3339 with microseconds.
    public var acquireTime: String?
    /// When the holder last renewed it, RFC 3339 with microseconds.
    public var renewTime: String?
    /// How often the holder changed.
    public var leaseTransitions: Int64?

    /// An empty record.
    public init() {}

    /// The members.
    public static let fields = FieldTable<LeaseSpec>([
        .field("acquireTime", \.acquireTime, "When it was taken."),
        .field("holderIdentity", \.holderIdentity, "Who leads."),
        .field("leaseDurationSeconds", \.leaseDurationSeconds, "For how long a renewal holds."),
        .field("leaseTransitions", \.leaseTransitions, "How often the holder changed."),
        .field("renewTime", \.renewTime, "When it was renewed."),
    ])
}
