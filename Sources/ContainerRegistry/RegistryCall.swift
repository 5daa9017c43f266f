import Artifacts
import HTTPTransport
import HTTPTypes

/// One request to a registry, before it is known how to authenticate it.
struct RegistryCall: Sendable {
    /// What is done to a repository; names the right that a token must carry.
    enum Action: String, Sendable, Hashable {
        case pull
        case metadataRead = "metadata_read"
        case push = "pull,push"
        case delete

        /// What is done, for messages: the credentials must be allowed to ... it.
        var verb: String {
            switch self {
            case .pull, .metadataRead: "pull from"
            case .push: "push to"
            case .delete: "delete from"
            }
        }
    }

    var endpoint: RegistryEndpoint
    var reference: ImageReference
    var url: HTTPURL
    var method = HTTPRequest.Method.get
    var headers: HTTPFields = [:]
    var body: HTTPRequestBody?
    var action = Action.pull
    /// A repository that a blob is mounted from: the token must let it be read, too.
    var mountSource: ImageReference?
    /// How long the exchange may take.
    var timeouts = HTTPTimeouts.call
    /// Whether the request is sent again by the policy. Not where a part of the body may have been taken.
    var isRetried = true
    /// The statuses besides 2xx that the consumer takes.
    var accepted: Set<Int> = []
    /// Whether the consumer may run again when the body breaks off.
    var isRepeatable = true
    /// What the call is about, for messages.
    var subject: String

    /// The token scope, or two with a space between (distribution `auth/scope`).
    var scope: String {
        let own = "repository:\(reference.repository):\(action.rawValue)"
        return mountSource.map { "\(own) repository:\($0.repository):\(Action.pull.rawValue)" } ?? own
    }

    /// Whether a redirect is followed: only for reads, whose answer is the same wherever it comes from.
    var followsRedirects: Bool { method == .get || method == .head }
}
