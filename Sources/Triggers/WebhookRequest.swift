/// A request to the webhook server, read whole.
public struct WebhookRequest: Sendable, Hashable {
    /// The method, such as `POST`.
    public var method: String
    /// The path, without its query.
    public var path: String
    /// The header fields by lower-case name; several of one name are joined by commas.
    public var headers: [String: String]
    /// The body.
    public var body: [UInt8]

    /// A request of its parts.
    public init(method: String = "POST", path: String, headers: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// What the webhook server answers.
public struct WebhookAnswer: Sendable, Hashable {
    /// The status.
    public var status: Int
    /// Header fields besides those that every answer has.
    public var headers: [String: String]
    /// The body: JSON, or text where it does not begin with a brace.
    public var text: String

    /// An answer of its parts.
    public init(_ status: Int, _ text: String = "", headers: [String: String] = [:]) {
        self.status = status
        self.text = text
        self.headers = headers
    }
}
