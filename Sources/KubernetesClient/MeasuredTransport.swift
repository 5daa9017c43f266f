public import HTTPTransport
public import HTTPTypes
public import Metrics
import Synchronization

/// Counts the exchanges with one server under client-go's name, `rest_client_requests_total`.
///
/// An exchange counts when its answer begins, so that an open watch is seen; one without an answer counts with the code
/// `<error>`. The host is that of the server, the methods are ours and the codes are three digits: the series are few.
public struct MeasuredTransport<Base: HTTPTransport>: HTTPTransport {
    private let base: Base
    private let counters: RequestCounters

    /// Counts what passes through `base`.
    public init(_ base: Base, host: String, metrics: any MetricsFactory) {
        self.base = base
        counters = RequestCounters(host: host, factory: metrics)
    }

    /// Sends `request` and lends the response to `consume`.
    public func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var isAnswered = false
        do {
            return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                isAnswered = true
                counters.count(request.method, "\(response.status.code)")
                return try await consume(response, chunks)
            }
        } catch {
            if !isAnswered, !Task.isCancelled { counters.count(request.method, "<error>") }
            throw error
        }
    }
}

/// One counter for each method and code.
private final class RequestCounters: Sendable {
    private struct Key: Hashable {
        var method: String
        var code: String
    }

    private let host: String
    private let factory: any MetricsFactory
    private let counters = Mutex<[Key: Counter]>([:])

    init(host: String, factory: any MetricsFactory) {
        self.host = host
        self.factory = factory
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            counter(method, "200").increment(by: 0)
        }
    }

    func count(_ method: HTTPRequest.Method, _ code: String) { counter(method, code).increment() }

    private func counter(_ method: HTTPRequest.Method, _ code: String) -> Counter {
        counters.withLock { counters in
            let key = Key(method: method.rawValue, code: code)
            if let known = counters[key] { return known }
            let labels = [("code", code), ("host", host), ("method", key.method)]
            let counter = Counter(label: "rest_client_requests_total", dimensions: labels, factory: factory)
            counters[key] = counter
            return counter
        }
    }
}
