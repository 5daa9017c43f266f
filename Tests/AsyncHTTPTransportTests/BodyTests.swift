import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BodyTests {
    private static func url(_ server: LoopbackServer) -> HTTPURL {
        HTTPURL(scheme: "http", host: "127.0.0.1", port: server.port, path: "/a")
    }

    @Test func streamedBodyArrivesWholeWithItsLength() async throws {
        try await withServer { _ in
            [.answer("201 Created")]
        } _: { server, transport in
            let chunks = (0..<64).map { [UInt8](repeating: UInt8($0), count: 10_007) }
            let body = HTTPRequestBody.stream(length: 64 * 10_007) { HTTPBodyChunks(chunks: chunks + [[]]) }
            let answer = try await transport.answer(.put, Self.url(server).description, body: body)
            #expect(answer.response.status.code == 201)
            let request = try #require(server.requests.first)
            #expect(request.header("content-length") == "640448")
            #expect(request.header("transfer-encoding") == nil)
            #expect(request.body == chunks.flatMap { $0 })
        }
    }

    @Test(arguments: [5, 50] as [Int64])
    func bodyOfAnotherLengthFails(length: Int64) async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            let body = HTTPRequestBody.stream(length: length) { HTTPBodyChunks(chunks: [[1, 2, 3], [4, 5, 6]]) }
            let error = await #expect(throws: HTTPTransportError.self) {
                try await transport.answer(.put, Self.url(server).description, body: body)
            }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test func failureOfTheBodysSourceComesThrough() async throws {
        struct SourceError: Error {}
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            let body = HTTPRequestBody.stream(length: 10) { HTTPBodyChunks { { throw SourceError() } } }
            await #expect(throws: SourceError.self) {
                try await transport.answer(.put, Self.url(server).description, body: body)
            }
            await server.waitForClosedConnections(1)
        }
    }

    @Test func emptyBodyHasLengthZero() async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            _ = try await transport.answer(.post, Self.url(server).description, body: .bytes([]))
            #expect(server.requests.first?.header("content-length") == "0")
        }
    }

    @Test func unreadBodyReleasesTheConnection() async throws {
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .flood]
        } _: { server, transport in
            let status = try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) {
                response,
                _ in response.status.code
            }
            #expect(status == 200)
            await server.waitForClosedConnections(1)
        }
    }

    @Test func partlyReadBodyReleasesTheConnection() async throws {
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .flood]
        } _: { server, transport in
            let count = try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) {
                _,
                chunks in
                var iterator = chunks.makeAsyncIterator()
                return try await iterator.next()?.count ?? 0
            }
            #expect(count > 0)
            await server.waitForClosedConnections(1)
        }
    }

    @Test func errorOfTheConsumerComesThroughAndReleasesTheConnection() async throws {
        struct ConsumerError: Error {}
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .flood]
        } _: { server, transport in
            await #expect(throws: ConsumerError.self) {
                try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) { _, _ in
                    throw ConsumerError()
                }
            }
            await server.waitForClosedConnections(1)
        }
    }

    @Test func slowConsumerSlowsTheServer() async throws {
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .flood]
        } _: { server, transport in
            try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) { _, chunks in
                var iterator = chunks.makeAsyncIterator()
                _ = try await iterator.next()
                // Loopback takes gigabytes a second: what is there after this time is all that will come.
                try await Task.sleep(for: .milliseconds(300))
                let sent = server.flooded
                #expect(sent < 500, "\(sent) chunks of 64 KiB left the server while nobody read")
                for _ in 0..<2000 { _ = try await iterator.next() }
                #expect(server.flooded > sent)
            }
        }
    }

    @Test func bodyIsReadOnceOnly() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "abc")]
        } _: { server, transport in
            let error = await #expect(throws: HTTPTransportError.self) {
                try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) {
                    _,
                    chunks in
                    _ = try await chunks.collect(upTo: 10)
                    _ = try await chunks.collect(upTo: 10)
                }
            }
            #expect(error?.message == "the body was read already")
        }
    }

    @Test func bodyEndsWithItsExchange() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "abc")]
        } _: { server, transport in
            let escaped = try await transport.withResponse(to: Self.url(server).request(), body: nil, timeouts: .call) {
                _,
                chunks in chunks
            }
            await #expect(throws: HTTPTransportError.self) { try await escaped.collect(upTo: 10) }
        }
    }

    @Test func headAnswerHasNoBody() async throws {
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")]
        } _: { server, transport in
            let answer = try await transport.answer(.head, Self.url(server).description)
            #expect(answer.body.isEmpty)
            #expect(answer.response.headerFields[.contentLength] == "100")
        }
    }
}
