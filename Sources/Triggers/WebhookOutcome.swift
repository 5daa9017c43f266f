/// Who speaks in a delivery; the label `kind` of `modelapp_webhooks_total`.
public enum WebhookKind: String, Sendable, Hashable, CaseIterable {
    /// Azure Container Registry's own webhooks.
    case acr = "ACR"
    /// Notifications of the distribution registry, and of what is built on it.
    case distribution = "Distribution"
    /// Azure Event Grid in its own schema.
    case eventGrid = "EventGrid"
    /// CloudEvents 1.0, as Event Grid sends them.
    case cloudEvents = "CloudEvents"
    /// Event notifications of S3 and compatible stores.
    case s3 = "S3"
    /// Amazon EventBridge: events of S3 and ECR.
    case eventBridge = "EventBridge"
    /// GitHub's webhooks about packages.
    case gitHub = "GitHub"
    /// Anybody with the token: no payload says what changed.
    case generic = "Generic"
    /// It was not found out.
    case unknown = "Unknown"
}

/// What became of a request; the label `result` of `modelapp_webhooks_total`.
public enum WebhookResult: String, Sendable, Hashable, CaseIterable {
    /// It made scans due.
    case triggered = "Triggered"
    /// It is genuine and about nothing that a ModelApp of its Secret uses.
    case ignored = "Ignored"
    /// A sender asked whether it is welcome.
    case handshake = "Handshake"
    /// It came before.
    case repeated = "Repeated"
    /// Its sender did not show that it knows the token, or signed long ago.
    case unauthorized = "Unauthorized"
    /// It cannot be read.
    case malformed = "Malformed"
    /// Its Secret had more requests than it may.
    case rateLimited = "RateLimited"
    /// No Secret belongs to its path.
    case notFound = "NotFound"
    /// It is genuine, and this process cannot act on it now.
    case unavailable = "Unavailable"
}

/// Why a request is not acted on.
public struct WebhookRefusal: Error, Sendable, Hashable {
    /// The kind, as far as it is known.
    public var kind: WebhookKind
    /// For the figures.
    public var result: WebhookResult
    /// The HTTP status.
    public var status: Int
    /// For the sender; holds nothing that it did not send or know.
    public var message: String

    /// A refusal of its parts.
    public init(_ result: WebhookResult, _ status: Int, _ message: String, kind: WebhookKind = .unknown) {
        self.kind = kind
        self.result = result
        self.status = status
        self.message = message
    }

    static func malformed(_ kind: WebhookKind, _ message: String) -> WebhookRefusal {
        WebhookRefusal(.malformed, 400, message, kind: kind)
    }
}
