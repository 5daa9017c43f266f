public import KubernetesAPI
import KubernetesClient

/// A change to what is stored, in the order in which the server made it.
enum ReflectorEvent<Object: KubernetesObject>: Sendable {
    /// The whole collection. Objects that could not be decoded exist all the same.
    case replace([Object], undecodable: [UndecodableObject], resourceVersion: String)
    /// The object was added or changed.
    case apply(Object)
    /// The object is gone.
    case delete(Object)
    /// An object changed to something that cannot be decoded, or such an object is gone.
    case undecodable(UndecodableObject, isDeletion: Bool)
}

/// What a reflector tells beside the objects.
enum ReflectorNotice: Sendable {
    /// A request failed; it is tried again.
    case failed(KubernetesError)
    /// Requests are answered again.
    case recovered
    /// This cycle lists instead of streaming the initial objects.
    case fellBackToList(reason: String)
    /// The server ignores `sendInitialEvents`; it is not asked again.
    case watchListIgnored
    /// An event that this client does not know.
    case ignoredEvent(type: String)
}

/// What is reflected, and how.
public struct ReflectorOptions: Sendable, Hashable {
    /// Where the objects are.
    public var namespaces: Namespaces
    /// Label selector in the API's syntax.
    public var labelSelector: String?
    /// Field selector in the API's syntax.
    public var fieldSelector: String?
    /// Streams the initial objects where the server can (KEP-3157); saves the server the memory of a list.
    public var usesWatchList: Bool
    /// How many objects a page of a list has at the most.
    public var pageSize: Int
    /// The longest silence among initial events, before the server counts as one that ignores the request for them.
    public var initialEventsTimeout: Duration
    /// For how long an internal error of the server inside a watch leads to another watch instead of a list.
    public var internalErrorWindow: Duration

    /// Options of their parts; the defaults are those of `semantics`: pages of 500, 30 s, no window.
    public init(
        namespaces: Namespaces = .all,
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        usesWatchList: Bool = true,
        pageSize: Int = 500,
        initialEventsTimeout: Duration = .seconds(30),
        internalErrorWindow: Duration = .zero
    ) {
        self.namespaces = namespaces
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.usesWatchList = usesWatchList
        self.pageSize = max(pageSize, 1)
        self.initialEventsTimeout = initialEventsTimeout
        self.internalErrorWindow = internalErrorWindow
    }
}
