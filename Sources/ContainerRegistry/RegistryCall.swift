import Artifacts
import HTTPTransport
import HTTPTypes

/// One request to a registry, before it is known how to authenticate it.
struct RegistryCall: Sendable {
    /// What is done to a repository; names the right that a token must carry.
    enum Action: String, Sendable, Hashable {
        case pull
        case metadataRead = "metadata_read"
    }

    var endpoint: RegistryEndpoint
    var reference: ImageReference
    var url: HTTPURL
    var method = HTTPRequest.Method.get
    var headers: HTTPFields = [:]
    var body: HTTPRequestBody?
    var action = Action.pull
    /// The statuses besides 2xx that the consumer takes.
    var accepted: Set<Int> = []
    /// Whether the consumer may run again when the body breaks off.
    var isRepeatable = true
    /// What the call is about, for messages.
    var subject: String

    /// The token scope (distribution `auth/scope`).
    var scope: String { "repository:\(reference.repository):\(action.rawValue)" }

    /// Whether a redirect is followed: only for reads, whose answer is the same wherever it comes from.
    var followsRedirects: Bool { method == .get || method == .head }
}
