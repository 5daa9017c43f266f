@testable import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ClientPoolTests {
    @Test func equalSettingsShareConnections() async throws {
        let server = try await LoopbackServer.start { _ in [.answer("200 OK", "", "x")] }
        let pool = ClientPool()
        for _ in 0..<3 {
            let transport = try pool.transport(TransportSettings(trust: .insecure))
            _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a")
        }
        #expect(server.openedConnections == 1)
        #expect(pool.count == 1)
        _ = try await pool.transport().answer(.get, "http://127.0.0.1:\(server.port)/a")
        #expect(server.openedConnections == 2)
        await pool.shutdown()
        await server.stop()
    }

    @Test func idleClientsAreBounded() async throws {
        let server = try await LoopbackServer.start { _ in [.answer("200 OK", "", "x")] }
        let pool = ClientPool(limits: ClientPool.Limits(clients: 2))
        for name in ["a", "b", "c", "d", "e"] {
            let transport = try pool.transport(TransportSettings(trust: .insecure, serverName: name))
            _ = try await transport.answer(.get, "http://127.0.0.1:\(server.port)/a")
            #expect(pool.count <= 2)
        }
        await server.waitForClosedConnections(3)
        await pool.shutdown()
        await server.stop()
    }

    @Test func clientInUseIsNotClosed() async throws {
        let server = try await LoopbackServer.start { request in
            request.line.contains("/slow")
                ? [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n")]
                : [.answer("200 OK", "", "x")]
        }
        let pool = ClientPool(limits: ClientPool.Limits(clients: 0))
        let slow = try pool.transport(TransportSettings(trust: .insecure))
        let url = HTTPURL(scheme: "http", host: "127.0.0.1", port: server.port, path: "/slow")
        try await slow.withResponse(to: url.request(), body: nil, timeouts: .call) { _, _ in
            _ = try await pool.transport().answer(.get, "http://127.0.0.1:\(server.port)/a")
            #expect(pool.count == 1)
            await server.waitForClosedConnections(1)
        }
        #expect(pool.count == 0)
        await server.waitForClosedConnections(2)
        await pool.shutdown()
        await server.stop()
    }

    @Test func shutdownEndsExchangesAndRefusesNewOnes() async throws {
        let asked = AsyncStream<Void>.makeStream()
        let server = try await LoopbackServer.start { _ in
            asked.continuation.yield()
            return []
        }
        let pool = ClientPool()
        let transport = try pool.transport()
        let url = "http://127.0.0.1:\(server.port)/a"
        await withTaskGroup(of: HTTPTransportError?.self) { group in
            group.addTask { await transport.failure(url) }
            var iterator = asked.stream.makeAsyncIterator()
            await iterator.next()
            await pool.shutdown()
            #expect(await group.next()??.code == .closed)
        }
        #expect(await transport.failure(url)?.message == "the transport was shut down")
        await pool.shutdown()
        await server.stop()
    }

    @Test func deadPeersAreProbed() async throws {
        let server = try await LoopbackServer.start { _ in [] }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: server.port).get()
        try await KeepAlive.apply(to: channel).get()
        #expect(KeepAlive.options.map(\.value).contains(30_000))
        for option in KeepAlive.options {
            let key = ChannelOptions.Types.SocketOption(level: option.level, name: option.name)
            let value = try await channel.getOption(key).get()
            #expect(value == option.value)
        }
        try await channel.close()
        await server.stop()
    }
}
