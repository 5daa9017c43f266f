import Artifacts
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import DevCluster
import HTTPTransport
import HTTPTypes
import Synchronization

/// The hosts that an operator under test can reach, without sockets, and how often it did.
final class Network: HTTPTransport {
    private let services = Mutex<[String: any LocalService]>([:])
    private let log = Mutex<[String]>([])

    /// Lets `service` answer for a host.
    func connect(_ host: String, to service: any LocalService) { services.withLock { $0[host] = service } }

    /// Every request since the last `forget`, as `GET host/path?query`.
    var requests: [String] { log.withLock { $0 } }

    /// Starts counting anew.
    func forget() { log.withLock { $0 = [] } }

    /// How many requests listed the tags of a repository.
    var tagListings: Int { requests.count { $0.contains("/tags/list") } }

    /// How many requests listed objects.
    var objectListings: Int { requests.count { $0.contains("list-type=2") } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let host = request.authority ?? ""
        log.withLock { $0.append("\(request.method) \(host)\(request.path ?? "")") }
        guard let service = services.withLock({ $0[host] }) else {
            throw HTTPTransportError(.connect, "\(host): no such host")
        }
        return try await InProcessTransport(to: service).withResponse(
            to: request,
            body: body,
            timeouts: timeouts,
            consume
        )
    }
}

/// A portal page in place of an API, as a proxy that wants a login shows it.
struct PortalPage: LocalService {
    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        LocalResponse(.ok, text: "<!DOCTYPE html><html><body>Please sign in</body></html>", type: "text/html")
    }
}
