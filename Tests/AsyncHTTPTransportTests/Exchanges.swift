import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes

/// A whole answer.
struct Answer: Sendable {
    var response: HTTPResponse
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension AsyncHTTPTransport {
    func answer(
        _ method: HTTPRequest.Method = .get,
        _ url: String,
        _ headers: HTTPFields = [:],
        body: HTTPRequestBody? = nil,
        timeouts: HTTPTimeouts = HTTPTimeouts(head: .seconds(20), idleRead: .seconds(20))
    ) async throws -> Answer {
        guard let url = HTTPURL(url) else { throw HTTPTransportError(.invalidRequest, "malformed") }
        return try await withResponse(to: url.request(method, headers), body: body, timeouts: timeouts) {
            response,
            chunks in
            Answer(response: response, body: try await chunks.collect(upTo: 64 << 20))
        }
    }

    /// What an exchange fails with.
    func failure(
        _ url: String,
        timeouts: HTTPTimeouts = HTTPTimeouts(head: .seconds(20), idleRead: .seconds(20))
    ) async -> HTTPTransportError? {
        do {
            _ = try await answer(.get, url, timeouts: timeouts)
            return nil
        } catch {
            return error as? HTTPTransportError
        }
    }
}

/// Lends a server and a pool, and closes both.
func withServer<Value: Sendable>(
    limits: ClientPool.Limits = ClientPool.Limits(),
    _ answer: @escaping @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step],
    _ body: (LoopbackServer, AsyncHTTPTransport) async throws -> Value
) async throws -> Value {
    let server = try await LoopbackServer.start(answer)
    let pool = ClientPool(limits: limits)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(server, try pool.transport()))
    } catch {
        result = .failure(error)
    }
    await pool.shutdown()
    await server.stop()
    return try result.get()
}
