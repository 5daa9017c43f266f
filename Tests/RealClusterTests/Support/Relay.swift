import AsyncHTTPClient
import DevCluster
import HTTPTransport
import HTTPTypes
import KubernetesClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Stands between an operator and the API server, counts requests, and strikes at one write.
///
/// TLS on both sides; the operator's own token goes through, so that its rights are what they are.
final class Relay: LocalService {
    /// What happens to the n-th write.
    struct Strike: Sendable {
        /// What happens.
        enum Kind: Sendable, CaseIterable {
            /// The operator is killed; the write never arrives.
            case killedBefore
            /// The write is carried out; the operator is killed before it hears of that.
            case killedAfter
            /// The write is carried out; its answer is lost, and the operator goes on.
            case answerLost
        }

        /// Counted from 1.
        var write: Int
        var kind: Kind
    }

    private struct State {
        var writes = 0
        var requests: [String] = []
        var struck: String?
    }

    private let upstream: HTTPURL
    private let client: HTTPClient
    private let strike: Strike?
    private let kill: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameter kill: ends the operator; it is gone when this returns.
    init(
        to upstream: HTTPURL,
        over client: HTTPClient,
        strike: Strike? = nil,
        kill: @escaping @Sendable () -> Void = {}
    ) {
        self.upstream = upstream
        self.client = client
        self.strike = strike
        self.kill = kill
    }

    /// How many writes came in: of ModelApps and of what they own, not of Events and Leases.
    var writes: Int { state.withLock { $0.writes } }
    /// The write at which it struck.
    var struck: String? { state.withLock { $0.struck } }
    /// Every request since the last `forget()`, as `GET /path?query`.
    var requests: [String] { state.withLock { $0.requests } }
    /// Starts the list of requests anew.
    func forget() { state.withLock { $0.requests = [] } }

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        let path = request.path ?? "/"
        let kind = state.withLock { state -> Strike.Kind? in
            state.requests.append("\(request.method) \(path)")
            let counts = request.method != .get && !path.contains("/events") && !path.contains("/leases")
            guard counts else { return nil }
            state.writes += 1
            guard let strike, strike.write == state.writes else { return nil }
            state.struck = "\(request.method) \(path)"
            return strike.kind
        }
        if kind == .killedBefore {
            kill()
            return .lost
        }
        do {
            let answer = try await forward(request, path, try await body.collect(upTo: 16 << 20))
            guard let kind else { return answer }
            // Read to its end, so that the write is done whatever the server does first.
            _ = try await answer.body.collect(upTo: 64 << 20)
            if kind == .killedAfter { kill() }
            return .lost
        } catch {
            return .lost
        }
    }

    private func forward(_ request: HTTPRequest, _ path: String, _ body: [UInt8]) async throws -> LocalResponse {
        var outgoing = HTTPClientRequest(url: upstream.origin + path)
        outgoing.method = .RAW(value: request.method.rawValue)
        for field in request.headerFields where ![.host, .contentLength, .connection].contains(field.name) {
            outgoing.headers.add(name: field.name.rawName, value: field.value)
        }
        if !body.isEmpty { outgoing.body = .bytes(body) }
        // The limit is for the head; a watch goes on as long as it likes.
        let answer = try await client.execute(outgoing, timeout: .seconds(40))
        var response = HTTPResponse(status: .init(code: Int(answer.status.code)))
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name), ![.connection, .transferEncoding].contains(name) else { continue }
            response.headerFields.append(HTTPField(name: name, value: value))
        }
        let stream = answer.body
        return LocalResponse(
            response,
            streaming: HTTPBodyChunks {
                var iterator = stream.makeAsyncIterator()
                return { try await iterator.next(isolation: #isolation).map { Array($0.readableBytesView) } }
            }
        )
    }
}

extension HTTPField.Name {
    fileprivate static let host = HTTPField.Name("Host") ?? .server
}

extension ControlPlane {
    /// Lends a relay to the API server and the kubeconfig of an operator that goes through it.
    func withRelay<Value: Sendable>(
        _ name: String,
        strike: Relay.Strike? = nil,
        kill: @escaping @Sendable () -> Void = {},
        _ body: @Sendable (Relay, _ kubeconfig: String) async throws -> Value
    ) async throws -> Value {
        var tls = TLSConfiguration.makeClientConfiguration()
        if case .roots(let pem) = client.configuration.trust {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let relay = Relay(to: client.configuration.server, over: http, strike: strike, kill: kill)
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        let logger = Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() }
        let server = LoopbackServer(relay, certificate: certificate, logger: logger)
        let result: Result<Value, any Error>
        do {
            let value = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                defer { group.cancelAll() }
                let kubeconfig = try await operatorKubeconfig(
                    name,
                    url: server.url().origin,
                    authority: certificate.authorityPEM
                )
                return try await body(relay, kubeconfig)
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }
}
