import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AsyncHTTPTransportTests {
    @Test func requestAndAnswerArriveAsTheyAre() async throws {
        try await withServer { _ in
            [.answer("404 Gone Fishing", "X-A: 1\r\nX-A: 2\r\n", "none")]
        } _: { server, transport in
            let url = "http://127.0.0.1:\(server.port)/a"
            let answer = try await transport.answer(.put, url, [.accept: "text/plain"], body: .bytes(Array("hi".utf8)))
            #expect(answer.response.status.code == 404)
            #expect(
                answer.response.headerFields[fields: try #require(HTTPField.Name("X-A"))].map(\.value) == ["1", "2"]
            )
            #expect(answer.text == "none")
            let request = try #require(server.requests.first)
            #expect(request.line == "PUT /a HTTP/1.1")
            #expect(request.header("host") == "127.0.0.1:\(server.port)")
            #expect(request.header("accept") == "text/plain")
            #expect(request.header("content-length") == "2")
            #expect(request.header("accept-encoding") == nil)
            #expect(request.header("user-agent") == nil)
            #expect(request.body == Array("hi".utf8))
        }
    }

    @Test(arguments: [
        "/", "/a%2Fb//c", "/a/../b/./c", "/a;b=c,d", "/~x/%7Ey", "/p?", "/?sig=a%2Bb%3D&x=1+2&y=%20",
        "/v2/r/blobs/sha256:0a",
        "/q?a=b?c/d", "//double", "/a%C3%A4", "/x?prefix=a%2F&delimiter=/", "/x?empty=&flag", "/(a)'b*!$",
    ])
    func targetArrivesUnchanged(target: String) async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            var url = HTTPURL(scheme: "http", host: "127.0.0.1", port: server.port)
            let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            url.path = String(parts[0])
            url.query = parts.count > 1 ? String(parts[1]) : nil
            _ = try await transport.withResponse(to: url.request(), body: nil, timeouts: .call) { response, _ in
                response.status
            }
            #expect(server.requests.first?.line == "GET \(target) HTTP/1.1")
        }
    }

    @Test(arguments: ["/a b", "/a%2", "/a%zz", "/a|b", "/ä", "/a#b", "a", "/a?b[0]=1", "/a\r\nX: 1"])
    func targetThatWouldBeRewrittenIsRefused(target: String) async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            let request = HTTPRequest(method: .get, scheme: "http", authority: "127.0.0.1:\(server.port)", path: target)
            let error = await #expect(throws: HTTPTransportError.self) {
                try await transport.withResponse(to: request, body: nil, timeouts: .call) { response, _ in
                    response.status
                }
            }
            #expect(error?.code == .invalidRequest)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func redirectIsNotFollowed() async throws {
        try await withServer { _ in
            [.answer("302 Found", "Location: /b\r\n")]
        } _: { server, transport in
            let answer = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a")
            #expect(answer.response.status.code == 302)
            #expect(answer.response.headerFields[.location] == "/b")
            #expect(server.requests.count == 1)
        }
    }

    @Test func encodedBodyIsNotDecoded() async throws {
        let body = "\u{1F}not gzip"
        try await withServer { _ in
            [.answer("200 OK", "Content-Encoding: gzip\r\n", body)]
        } _: { server, transport in
            let answer = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a")
            #expect(answer.text == body)
        }
    }

    @Test func connectionIsUsedAgain() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "x")]
        } _: { server, transport in
            for _ in 0..<5 { _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a") }
            #expect(server.requests.map(\.earlier) == [0, 1, 2, 3, 4])
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
    func bodyThatIsCutFails(text: String) async throws {
        try await withServer { _ in
            [.send(text), .close]
        } _: { server, transport in
            let error = await transport.failure("http://127.0.0.1:\(server.port)/a")
            #expect(error?.code == .closed)
            // The connection was not kept: the next request gets one of its own.
            _ = await transport.failure("http://127.0.0.1:\(server.port)/a")
            #expect(server.openedConnections == 2)
        }
    }

    @Test func connectionThatEndsBeforeTheHeadIsClosed() async throws {
        try await withServer { _ in
            [.close]
        } _: { server, transport in
            let error = await transport.failure("http://127.0.0.1:\(server.port)/a?sig=secret")
            #expect(error?.code == .closed)
            #expect(error?.message == "127.0.0.1:\(server.port) closed the connection before it answered")
        }
    }

    @Test func answerThatIsNotHTTPIsClosed() async throws {
        try await withServer { _ in
            [.send("SSH-2.0-x\r\n\r\n")]
        } _: { server, transport in
            #expect(await transport.failure("http://127.0.0.1:\(server.port)/a")?.code == .closed)
        }
    }

    @Test func silenceBeforeTheHeadIsATimeout() async throws {
        try await withServer { request in
            request.line.contains("/first") ? [.answer("200 OK", "", "x")] : []
        } _: { server, transport in
            // The connection is open before the clock starts, so that a busy machine changes nothing.
            _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/first")
            let timeouts = HTTPTimeouts(head: .milliseconds(300), idleRead: .seconds(30))
            let start = ContinuousClock.now
            let error = await transport.failure("http://127.0.0.1:\(server.port)/a?sig=secret", timeouts: timeouts)
            #expect(error?.code == .timeout)
            #expect(error?.message.contains("secret") == false)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            await server.waitForClosedConnections(1)
        }
    }

    @Test func silenceInsideTheBodyIsIdle() async throws {
        let limits = ClientPool.Limits(callSilence: .milliseconds(700))
        try await withServer(limits: limits) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")]
        } _: { server, transport in
            let timeouts = HTTPTimeouts(head: .seconds(20), idleRead: .milliseconds(700))
            let error = await transport.failure("http://127.0.0.1:\(server.port)/a", timeouts: timeouts)
            #expect(error?.code == .idle)
            await server.waitForClosedConnections(1)
        }
    }

    @Test func watchOutlivesTheSilenceOfCalls() async throws {
        let limits = ClientPool.Limits(callSilence: .milliseconds(100), watchSilence: .seconds(20))
        try await withServer(limits: limits) { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
        } _: { server, transport in
            let url = try #require(HTTPURL("http://127.0.0.1:\(server.port)/watch"))
            let timeouts = HTTPTimeouts(head: .seconds(20), idleRead: .seconds(10))
            try await transport.withResponse(to: url.request(), body: nil, timeouts: timeouts) { _, chunks in
                var iterator = chunks.makeAsyncIterator()
                #expect(try await iterator.next() == Array("abc".utf8))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // Three times the silence of calls; the watch's connection must still be open after it.
                    group.addTask { try await Task.sleep(for: .milliseconds(300)) }
                    try await group.waitForAll()
                }
                #expect(server.openedConnections == 1)
            }
        }
    }

    @Test func refusedConnectionFailsAtOnce() async throws {
        let server = try await LoopbackServer.start { _ in [] }
        let port = server.port
        await server.stop()
        let pool = ClientPool(limits: ClientPool.Limits(connect: .seconds(30)))
        let start = ContinuousClock.now
        let error = await (try pool.transport()).failure("http://127.0.0.1:\(port)/a")
        #expect(error?.code == .connect)
        #expect(error?.message.hasPrefix("127.0.0.1:\(port) refused the connection") == true)
        #expect(ContinuousClock.now - start < .seconds(20))
        await pool.shutdown()
    }

    @Test func nameThatDoesNotExistIsNamed() async throws {
        let pool = ClientPool()
        let error = await (try pool.transport()).failure("http://no-such-host.invalid/a")
        #expect(error?.code == .connect)
        #expect(error?.message.contains("no-such-host.invalid") == true)
        await pool.shutdown()
    }

    @Test func headerWithALineBreakIsNotSent() async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, transport in
            // HTTPTypes itself replaces line breaks, so nothing can be smuggled.
            _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a", [.accept: "a\r\nX-Evil: 1"])
            #expect(server.requests.first?.header("x-evil") == nil)
        }
    }

    @Test func cancellationEndsTheExchangeAndTheConnection() async throws {
        try await withServer { _ in
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
        } _: { server, transport in
            let started = AsyncStream<Void>.makeStream()
            await withTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    do {
                        let url = HTTPURL(scheme: "http", host: "127.0.0.1", port: server.port, path: "/watch")
                        try await transport.withResponse(to: url.request(), body: nil, timeouts: .call) { _, chunks in
                            for try await _ in chunks { started.continuation.yield() }
                        }
                        return nil
                    } catch {
                        return error
                    }
                }
                var iterator = started.stream.makeAsyncIterator()
                await iterator.next()
                group.cancelAll()
                #expect(await group.next() as? any Error is CancellationError)
            }
            await server.waitForClosedConnections(1)
        }
    }

    @Test func cancellationBeforeTheHeadEndsTheExchange() async throws {
        let asked = AsyncStream<Void>.makeStream()
        try await withServer { _ in
            asked.continuation.yield()
            return []
        } _: { server, transport in
            await withTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    do {
                        _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a")
                        return nil
                    } catch {
                        return error
                    }
                }
                var iterator = asked.stream.makeAsyncIterator()
                await iterator.next()
                group.cancelAll()
                #expect(await group.next() as? any Error is CancellationError)
            }
            await server.waitForClosedConnections(1)
        }
    }

    @Test func twentyWatchesDoNotStarveCalls() async throws {
        try await withServer { request in
            request.line.contains("/watch")
                ? [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n")]
                : [.answer("200 OK", "", "ok")]
        } _: { server, transport in
            let open = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let url = HTTPURL(scheme: "http", host: "127.0.0.1", port: server.port, path: "/watch")
                        let timeouts = HTTPTimeouts(head: .seconds(20), idleRead: .seconds(295))
                        try await transport.withResponse(to: url.request(), body: nil, timeouts: timeouts) {
                            _,
                            chunks in
                            for try await _ in chunks { open.continuation.yield() }
                        }
                    }
                }
                var iterator = open.stream.makeAsyncIterator()
                for _ in 0..<20 { await iterator.next() }
                for _ in 0..<5 {
                    let answer = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/call")
                    #expect(answer.text == "ok")
                }
                group.cancelAll()
                while case .failure? = await group.nextResult() {}
            }
        }
    }
}
