import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import Triggers

@testable import OperatorServer

/// Over real sockets: what a sender of webhooks sees.
@Suite(.timeLimit(.minutes(1))) struct WebhookServerTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private final class Received: Sendable {
        let requests = Mutex<[WebhookRequest]>([])
    }

    /// Runs a server that answers everything with its length, and `body` with its URL.
    private func serving(_ received: Received, _ body: (String, AsyncHTTPTransport) async throws -> Void) async throws {
        let (ports, feed) = AsyncStream<Int>.makeStream()
        let server = WebhookServer(
            ListenAddress(host: "127.0.0.1", port: 0),
            time: .system,
            logger: Self.quiet,
            onListening: { feed.yield($0) }
        ) { request in
            received.requests.withLock { $0.append(request) }
            return WebhookAnswer(202, #"{"length":\#(request.body.count)}"#, headers: ["Retry-After": "7"])
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: Self.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { feed.finish() }
                try await group.run()
            }
            for await port in ports {
                let pool = ClientPool()
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body("http://127.0.0.1:\(port)", try pool.transport()))
                } catch {
                    result = .failure(error)
                }
                await pool.shutdown()
                await group.triggerGracefulShutdown()
                try result.get()
            }
            try await tasks.waitForAll()
        }
    }

    private func send(
        _ url: String,
        _ transport: AsyncHTTPTransport,
        _ body: [UInt8],
        _ headers: HTTPFields = [:]
    ) async throws -> (status: Int, headers: HTTPFields, text: String) {
        let request = try #require(HTTPURL(url)).request(.post, headers)
        return try await transport.withResponse(to: request, body: .bytes(body), timeouts: .call) { head, chunks in
            let text = String(decoding: try await chunks.collect(upTo: 1 << 20), as: UTF8.self)
            return (head.status.code, head.headerFields, text)
        }
    }

    @Test func aRequestIsHandedOverWholeAndItsAnswerSent() async throws {
        let received = Received()
        try await serving(received) { url, transport in
            let body = Array(repeating: UInt8(ascii: "a"), count: 1 << 20)
            let headers: HTTPFields = [.authorization: "Bearer t", .accept: "a", .userAgent: "b"]
            let answer = try await send(url + "/hook/x?query", transport, body, headers)
            #expect(answer.status == 202 && answer.text == #"{"length":1048576}"#)
            #expect(answer.headers[.contentType] == "application/json" && answer.headers[.retryAfter] == "7")
            let request = try #require(received.requests.withLock { $0.first })
            #expect(request.method == "POST" && request.path == "/hook/x" && request.body == body)
            #expect(request.headers["authorization"] == "Bearer t")
        }
    }

    @Test func moreThanAMegabyteIsRefusedAndNobodySeesIt() async throws {
        let received = Received()
        try await serving(received) { url, transport in
            let body = [UInt8](repeating: 0x20, count: 1 << 20 + 1)
            let announced = try await send(url + "/hook/x", transport, body)
            #expect(announced.status == 413)
            #expect(received.requests.withLock { $0.isEmpty })
            #expect(try await send(url + "/hook/x", transport, []).status == 202, "and the server lives on")
        }
    }
}
