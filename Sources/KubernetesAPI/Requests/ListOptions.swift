/// Which objects a list or a watch is about.
public enum Namespaces: Sendable, Hashable {
    /// Every namespace, or the cluster for objects without one.
    case all
    /// One namespace.
    case only(String)

    /// The namespace for a URL.
    public var name: String? { if case .only(let name) = self { name } else { nil } }
}

/// How a resource version limits a list (`metav1.ListOptions.resourceVersionMatch`).
public enum ResourceVersionMatch: String, Sendable, Hashable {
    /// Data at least as new.
    case notOlderThan = "NotOlderThan"
    /// Data at exactly that version.
    case exact = "Exact"
}

/// The query of a list request.
public struct ListOptions: Sendable, Hashable {
    /// Label selector in the API's syntax.
    public var labelSelector: String?
    /// Field selector in the API's syntax.
    public var fieldSelector: String?
    /// At most this many objects in a page.
    public var limit: Int?
    /// The token of the next page.
    public var continueToken: String?
    /// Nil: most recent, by quorum; `"0"`: whatever the server has cached.
    public var resourceVersion: String?
    /// How `resourceVersion` is meant.
    public var resourceVersionMatch: ResourceVersionMatch?

    /// The options of one page.
    public init(
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        limit: Int? = nil,
        continueToken: String? = nil,
        resourceVersion: String? = nil,
        resourceVersionMatch: ResourceVersionMatch? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continueToken = continueToken
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
    }

    /// The query's parameters, in a stable order. A continue token carries the version and the match of the first
    /// page, so they are not sent with it (client-go pager: "Continue token and resourceVersion are exclusive").
    public var query: [(String, String)] {
        var pairs: [(String, String)] = []
        func add(_ name: String, _ value: String?) { if let value { pairs.append((name, value)) } }
        add("labelSelector", labelSelector)
        add("fieldSelector", fieldSelector)
        add("limit", limit.map(String.init))
        add("continue", continueToken)
        guard continueToken == nil else { return pairs }
        add("resourceVersion", resourceVersion)
        add("resourceVersionMatch", resourceVersionMatch?.rawValue)
        return pairs
    }
}

/// The query of a watch request.
public struct WatchOptions: Sendable, Hashable {
    /// Label selector in the API's syntax.
    public var labelSelector: String?
    /// Field selector in the API's syntax.
    public var fieldSelector: String?
    /// The version to watch from; nil or empty starts with the present state.
    public var resourceVersion: String?
    /// After how many seconds the server ends the watch.
    public var timeoutSeconds: Int
    /// Asks for the present state first, ended by a bookmark (KEP-3157, WatchList).
    public var sendsInitialEvents = false

    /// The options of one watch; bookmarks are always asked for.
    public init(
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        resourceVersion: String? = nil,
        timeoutSeconds: Int,
        sendsInitialEvents: Bool = false
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.resourceVersion = resourceVersion
        self.timeoutSeconds = timeoutSeconds
        self.sendsInitialEvents = sendsInitialEvents
    }

    /// The query's parameters, in a stable order.
    public var query: [(String, String)] {
        var pairs = [("watch", "true"), ("allowWatchBookmarks", "true")]
        if let labelSelector { pairs.append(("labelSelector", labelSelector)) }
        if let fieldSelector { pairs.append(("fieldSelector", fieldSelector)) }
        if let resourceVersion { pairs.append(("resourceVersion", resourceVersion)) }
        if sendsInitialEvents {
            pairs.append(("sendInitialEvents", "true"))
            pairs.append(("resourceVersionMatch", ResourceVersionMatch.notOlderThan.rawValue))
        }
        pairs.append(("timeoutSeconds", String(timeoutSeconds)))
        return pairs
    }
}
