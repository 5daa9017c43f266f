import HTTPTypes
import JSON

/// A request as the pure core sees it: no connection, no stream, no clock.
struct APIRequest: Sendable {
    var method: HTTPRequest.Method
    /// The path's segments, percent-decoded.
    var path: [String]
    var query: [(name: String, value: String)] = []
    var accept = ""
    var contentType = ""
    var userAgent = ""
    var body: [UInt8] = []

    func value(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// Whether a boolean parameter is set (`true`, `1`, or given without a value).
    func isSet(_ name: String) -> Bool {
        guard let value = value(name) else { return false }
        return value == "true" || value == "1" || value == ""
    }
}

/// An answer with its whole body.
struct APIResponse: Sendable {
    var status: Int
    var contentType = "application/json"
    var body: [UInt8] = []
    var warnings: [String] = []
    var retryAfter: Int?

    init(_ status: Int, _ json: JSONValue) {
        self.status = status
        body = json.canonicalBytes + [0x0A]
    }

    init(_ status: Int, text: String) {
        self.status = status
        contentType = "text/plain; charset=utf-8"
        body = Array(text.utf8)
    }

    init(_ status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    init(_ failure: APIFailure) {
        self.init(failure.code, failure.json)
        retryAfter = failure.retryAfterSeconds
    }
}

/// What the core makes of a request.
enum APIAnswer: Sendable {
    case response(APIResponse)
    /// A stream of events from here on.
    case watch(WatchCursor)
}

/// A request about objects, resolved.
struct ResourceRequest: Sendable {
    var definition: ResourceDefinition
    /// Nil for all namespaces, and for kinds without namespaces.
    var namespace: String?
    var name: String?
    var subresource: String?

    /// The verb that counts and that access is decided by.
    func verb(_ request: APIRequest) -> String {
        switch request.method {
        case .get, .head: request.isSet("watch") ? "watch" : name == nil ? "list" : "get"
        case .post: "create"
        case .put: "update"
        case .patch: "patch"
        case .delete: name == nil ? "deletecollection" : "delete"
        default: request.method.rawValue.lowercased()
        }
    }
}
