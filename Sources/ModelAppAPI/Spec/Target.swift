public import JSON
public import KubernetesAPI

/// What is patched.
public struct Target: APIObject {
    /// What Target is.
    public static let summary = "The Deployment and the Service that carry the release."
    /// The container that runs the code.
    public var container: String?
    /// An existing Deployment.
    public var adopt: AdoptedTarget?
    /// A Deployment that the ModelApp owns.
    public var own: OwnedTarget?
    /// The Service in front.
    public var service: ServiceSpec?

    /// An empty target.
    public init() {}

    /// Owned or adopted.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "adopt", "own")]

    /// The members.
    public static let fields = FieldTable<Target>([
        .field(
            "container",
            \.container,
            "The container that runs the code. Default: the only one without an image; of an adopted Deployment, the only one.",
            .maxLength(63)
        ),
        .field("adopt", \.adopt, "An existing Deployment whose image and model are patched."),
        .field("own", \.own, "A Deployment that is made from a pod template."),
        .field("service", \.service, "The Service in front of the pods."),
    ])
}

/// An existing Deployment.
public struct AdoptedTarget: APIObject {
    /// What AdoptedTarget is.
    public static let summary = "An existing Deployment."
    /// Its name.
    public var name = ""
    /// What to do when a field has another manager.
    public var onConflict = ConflictPolicy.takeOnce

    /// An empty target.
    public init() {}

    // It becomes a part of URLs (RFC 1123 subdomain, apimachinery `IsDNS1123Subdomain`).
    private static let namePattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

    /// The members.
    public static let fields = FieldTable<AdoptedTarget>([
        .field("name", \.name, "The Deployment's name.", required: true, .maxLength(253), .pattern(namePattern)),
        .field(
            "onConflict",
            \.onConflict,
            "What to do where a field has another manager.",
            .defaulted("TakeOnce")
        ),
    ])
}

/// What to do when a field has another manager.
public enum ConflictPolicy: String, APIEnum {
    /// Take it at adoption, yield it when it is taken back.
    case takeOnce = "TakeOnce"
    /// Never take it.
    case yield = "Yield"
    /// Always take it.
    case force = "Force"
}

/// A Deployment that the ModelApp owns.
public struct OwnedTarget: APIObject {
    /// What OwnedTarget is.
    public static let summary = "A Deployment that the ModelApp owns."
    /// How many pods; nil under an autoscaler.
    public var replicas: Int64?
    /// How long a pod must be ready to count.
    public var minReadySeconds: Int64?
    /// How many pods more than wanted during a rollout.
    public var maxSurge: IntOrString?
    /// How many pods fewer than wanted during a rollout.
    public var maxUnavailable: IntOrString?
    /// The pod template; parsed at each look.
    public var template: JSONValue {
        get { templateText.value }
        set { templateText = JSONText(newValue) }
    }
    private var templateText = JSONText(.object([:]))

    /// An empty target.
    public init() {}

    /// The members.
    public static let fields = FieldTable<OwnedTarget>([
        .field("replicas", \.replicas, "How many pods. Left out under an autoscaler.", .range(0...10_000)),
        .field("minReadySeconds", \.minReadySeconds, "How long a pod must be ready to count.", .range(0...3600)),
        .field("maxSurge", \.maxSurge, "How many pods more than wanted during a rollout."),
        .field("maxUnavailable", \.maxUnavailable, "How many pods fewer than wanted during a rollout."),
        .field("template", \.templateText, "A PodTemplateSpec; the code's container has no image.", required: true),
    ])
}

/// A number or a percentage.
public enum IntOrString: APIValue {
    /// A number.
    case int(Int64)
    /// A percentage such as `25%`.
    case text(String)

    /// Reads either.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> IntOrString {
        if try reader.peek() == .string { return .text(try reader.readString()) }
        return .int(try reader.readInteger())
    }

    /// The number or the text.
    public var json: JSONValue {
        switch self {
        case .int(let number): .integer(number)
        case .text(let text): .string(text)
        }
    }

    /// Either.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(nil)
        schema.isIntOrString = true
        schema.maxLength = 63
        return schema
    }
}

/// The Service in front of the pods.
public struct ServiceSpec: APIObject {
    /// What ServiceSpec is.
    public static let summary = "The Service in front of the pods."
    /// The type.
    public var type = ServiceType.clusterIP
    /// The ports.
    public var ports: [ServicePort] = []
    /// Annotations of the Service.
    public var annotations: [String: String] = [:]
    /// Its name in DNS.
    public var dns: DNSOptions?

    /// An empty Service.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ServiceSpec>([
        .field("type", \.type, "The type of Service.", .defaulted("ClusterIP")),
        .field("ports", \.ports, "The ports.", required: true, .minItems(1), .maxItems(32), .listMap("port")),
        .field("annotations", \.annotations, "Annotations of the Service.", .maxProperties(64), .valueMaxLength(4096)),
        .field("dns", \.dns, "Its name in DNS."),
    ])
}

/// The types of Service.
public enum ServiceType: String, APIEnum {
    /// Inside the cluster.
    case clusterIP = "ClusterIP"
    /// A port on every node.
    case nodePort = "NodePort"
    /// Behind a load balancer.
    case loadBalancer = "LoadBalancer"
}

/// A port of the Service.
public struct ServicePort: APIObject {
    /// What ServicePort is.
    public static let summary = "A port of the Service."
    /// Its name; needed where there are several.
    public var name: String?
    /// The port.
    public var port: Int64 = 0
    /// The port of the pods.
    public var targetPort: IntOrString?

    /// An empty port.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ServicePort>([
        .field("name", \.name, "Its name; needed where there are several.", .maxLength(63)),
        .field("port", \.port, "The port.", required: true, .range(1...65_535)),
        .field("targetPort", \.targetPort, "The port of the pods. Default: the same."),
    ])
}

/// The Service's name in DNS; at most one member is set.
public struct DNSOptions: APIObject {
    /// What DNSOptions is.
    public static let summary = "The Service's name in DNS."
    /// The label of an Azure public address.
    public var azureLabel: String?
    /// A name that external-dns publishes.
    public var hostname: String?

    /// No name.
    public init() {}

    /// Exactly one kind of name.
    public static let rules: [OpenAPISchema.Rule] = [.exactlyOne(of: "azureLabel", "hostname")]

    /// The members.
    public static let fields = FieldTable<DNSOptions>([
        .field(
            "azureLabel",
            \.azureLabel,
            "The DNS label of an Azure public address.",
            .maxLength(63),
            .pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$")
        ),
        .field(
            "hostname",
            \.hostname,
            "A name that external-dns publishes.",
            .maxLength(253),
            .pattern("^[a-z0-9*]([-a-z0-9.]*[a-z0-9])?$")
        ),
    ])
}
