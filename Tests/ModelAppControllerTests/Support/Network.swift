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
    private let time: TimeSource?
    private let services = Mutex<[String: any LocalService]>([:])
    private let pods = Mutex<(any LocalService)?>(nil)
    private let log = Mutex<[String]>([])
    private let schemes = Mutex<[String: Set<String>]>([:])
    private let credentials = Mutex<[String: Set<String>]>([:])
    private let hook = Mutex<(@Sendable (String) -> Void)?>(nil)
    private let untrusted = Mutex<Set<String>>([])

    /// - Parameter time: what timeouts are measured by; nil means that they never pass.
    init(time: TimeSource? = nil) { self.time = time }

    /// Lets `service` answer for a host.
    func connect(_ host: String, to service: any LocalService) { services.withLock { $0[host] = service } }

    /// Lets `service` answer in every pod, whatever its address.
    func connectPods(to service: any LocalService) { pods.withLock { $0 = service } }

    /// Takes a host off the network.
    func disconnect(_ host: String) { services.withLock { $0[host] = nil } }

    /// Lets a host show a certificate that nobody knows, or no longer.
    func distrust(_ host: String, _ isUntrusted: Bool = true) {
        untrusted.withLock { hosts in
            if isUntrusted { hosts.insert(host) } else { hosts.remove(host) }
        }
    }

    /// Calls `hook` before each request is answered, with the request as `requests` has it.
    func beforeEach(_ hook: (@Sendable (String) -> Void)?) { self.hook.withLock { $0 = hook } }

    /// What was sent to a host as `Authorization`.
    func authorizations(at host: String) -> Set<String> { credentials.withLock { $0[host] ?? [] } }

    /// How a host was spoken to: `http`, `https`.
    func schemes(at host: String) -> Set<String> { schemes.withLock { $0[host] ?? [] } }

    /// Every request since the last `forget`, as `GET host/path?query`.
    var requests: [String] { log.withLock { $0 } }

    /// Starts counting anew.
    func forget() { log.withLock { $0 = [] } }

    /// How many requests listed the objects below a prefix, which is encoded as in a query.
    func listings(below prefix: String) -> Int {
        requests.count { $0.contains("list-type=2") && $0.hasSuffix("prefix=\(prefix)") }
    }

    /// How many requests listed the tags of a repository.
    var tagListings: Int { requests.count { $0.contains("/tags/list") } }

    /// How many requests listed objects.
    var objectListings: Int { requests.count(where: Self.isObjectListing) }

    /// Whether a request lists objects, of S3 or of Azure Blob Storage.
    static func isObjectListing(_ request: String) -> Bool {
        request.contains("list-type=2") || request.contains("comp=list")
    }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let host = request.authority ?? ""
        let line = "\(request.method) \(host)\(request.path ?? "")"
        log.withLock { $0.append(line) }
        if let scheme = request.scheme { _ = schemes.withLock { $0[host, default: []].insert(scheme) } }
        hook.withLock { $0 }?(line)
        if let value = request.headerFields[.authorization] {
            _ = credentials.withLock { $0[host, default: []].insert(value) }
        }
        if untrusted.withLock({ $0.contains(host) }) {
            throw HTTPTransportError(.tls, "\(host): the certificate is signed by an unknown authority")
        }
        let pod = host.hasPrefix("198.51.100.") ? pods.withLock { $0 } : nil
        guard let service = pod ?? services.withLock({ $0[host] }) else {
            throw HTTPTransportError(.connect, "\(host): no such host")
        }
        return try await InProcessTransport(to: service, time: time).withResponse(
            to: request,
            body: body,
            timeouts: timeouts,
            consume
        )
    }
}
