public import KubernetesAPI

/// Something that happened, for people who ask about an object (`events.k8s.io/v1`).
public struct Event: KubernetesObject {
    /// Where Events live.
    public static let resource = APIResource(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")
    /// What Event is.
    public static let summary = "Something that happened to an object."
    /// The metadata; the namespace is that of the object.
    public var metadata = ObjectMeta()
    /// When it happened first, RFC 3339 with microseconds.
    public var eventTime = ""
    /// That it happened again; nil the first time.
    public var series: Series?
    /// Which controller says so, such as `example.dev/operator`.
    public var reportingController = ""
    /// Which instance of it.
    public var reportingInstance = ""
    /// What was done, in one CamelCase word.
    public var action = ""
    /// Why, in one CamelCase word.
    public var reason = ""
    /// The object it is about.
    public var regarding = ObjectReference()
    /// Another object that has to do with it.
    public var related: ObjectReference?
    /// What happened, for people; at most 1 kB.
    public var note = ""
    /// `Normal` or `Warning`.
    public var type = EventType.normal.rawValue

    /// An empty event.
    public init() {}

    /// The members.
    public static let fields = FieldTable<Event>([
        .field("action", \.action, "What was done."),
        .field("eventTime", \.eventTime, "When it happened first."),
        .field("metadata", \.metadata, "The metadata."),
        .field("note", \.note, "What happened, for people."),
        .field("reason", \.reason, "Why."),
        .field("regarding", \.regarding, "The object it is about."),
        .field("related", \.related, "Another object that has to do with it."),
        .field("reportingController", \.reportingController, "Which controller says so."),
        .field("reportingInstance", \.reportingInstance, "Which instance of it."),
        .field("series", \.series, "That it happened again."),
        .field("type", \.type, "Normal or Warning."),
    ])

    /// How often something happened.
    public struct Series: APIObject {
        /// What Series is.
        public static let summary = "How often it happened."
        /// How often, the first time included.
        public var count: Int64 = 0
        /// When last, RFC 3339 with microseconds.
        public var lastObservedTime = ""

        /// An empty series.
        public init() {}

        /// The members.
        public static let fields = FieldTable<Series>([
            .field("count", \.count, "How often."),
            .field("lastObservedTime", \.lastObservedTime, "When last."),
        ])
    }
}

/// Whether an event needs attention.
public enum EventType: String, Sendable, Hashable {
    /// The course of things.
    case normal = "Normal"
    /// Something that may need attention.
    case warning = "Warning"
}

/// A reference to an object by all that is known of it (`core/v1 ObjectReference`).
public struct ObjectReference: APIObject {
    /// What ObjectReference is.
    public static let summary = "A reference to an object."
    /// The API version.
    public var apiVersion = ""
    /// The kind.
    public var kind = ""
    /// The namespace; empty for objects of the cluster.
    public var namespace = ""
    /// The name.
    public var name = ""
    /// The uid; empty where it is not known.
    public var uid = ""

    /// An empty reference.
    public init() {}

    /// A reference to an object. The resource version is left out, as it would make every event a different one.
    public init<Object: KubernetesObject>(_ object: Object) {
        self.init(Object.resource, object.key, uid: object.metadata.uid)
    }

    /// A reference of its parts.
    public init(_ resource: APIResource, _ key: ObjectKey, uid: String = "") {
        apiVersion = resource.apiVersion
        kind = resource.kind
        namespace = key.namespace
        name = key.name
        self.uid = uid
    }

    /// The members.
    public static let fields = FieldTable<ObjectReference>([
        .field("apiVersion", \.apiVersion, "The API version."),
        .field("kind", \.kind, "The kind."),
        .field("name", \.name, "The name."),
        .field("namespace", \.namespace, "The namespace."),
        .field("uid", \.uid, "The uid."),
    ])
}
