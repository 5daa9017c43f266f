import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that reads request heads and bodies as bytes and does with the connection what a test says:
/// real HTTP servers will not cut a body or fall silent.
final class LoopbackServer: Sendable {
    /// What was received on a connection since the last answer.
    struct Received: Sendable {
        /// The head without its last empty line.
        var head: String
        var body: [UInt8]
        /// How many requests came on this connection before.
        var earlier: Int

        /// The request line.
        var line: String { head.split(separator: "\r\n").first.map(String.init) ?? "" }

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.first?.lowercased() == name.lowercased() {
                    return parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
                }
            }
            return nil
        }
    }

    /// What is done with a request.
    enum Step: Sendable {
        case send(String)
        case close
        /// Sends chunks of 64 KiB for ever, each when the one before has left.
        case flood
    }

    private struct State {
        var requests: [Received] = []
        var opened = 0
        var closed = 0
        var flooded = 0
        var waiters: [(condition: @Sendable (Int) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let channel: any Channel
    let port: Int

    /// - Parameters:
    ///   - tls: makes the server speak TLS.
    ///   - greeting: is sent at once, before anything was received.
    ///   - answer: the steps for a request; the connection stays open after them.
    static func start(
        tls: NIOSSLContext? = nil,
        greeting: String = "",
        _ answer: @escaping @Sendable (Received) -> [Step]
    ) async throws -> LoopbackServer {
        let box = ServerBox()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(box, greeting, answer))
                }
            }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(channel)
        box.server.withLock { $0 = server }
        return server
    }

    private init(_ channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    var requests: [Received] { state.withLock { $0.requests } }
    var openedConnections: Int { state.withLock { $0.opened } }
    /// How many chunks of a flood have left.
    var flooded: Int { state.withLock { $0.flooded } }

    /// Returns once `count` connections were closed by the other side.
    func waitForClosedConnections(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.closed >= count { return true }
                state.waiters.append(({ $0 >= count }, continuation))
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    func stop() async { try? await channel.close() }

    fileprivate func note(_ change: @Sendable (inout Counts) -> Void) {
        let ready = state.withLock { state in
            var counts = Counts()
            change(&counts)
            state.opened += counts.opened
            state.closed += counts.closed
            state.flooded += counts.flooded
            if let request = counts.request { state.requests.append(request) }
            let closed = state.closed
            let ready = state.waiters.filter { $0.condition(closed) }.map(\.continuation)
            state.waiters.removeAll { $0.condition(closed) }
            return ready
        }
        for continuation in ready { continuation.resume() }
    }

    fileprivate struct Counts {
        var opened = 0
        var closed = 0
        var flooded = 0
        var request: Received?
    }
}

private final class ServerBox: Sendable {
    let server = Mutex<LoopbackServer?>(nil)
    func note(_ change: @Sendable (inout LoopbackServer.Counts) -> Void) { server.withLock { $0 }?.note(change) }
}

private final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let box: ServerBox
    private let greeting: String
    private let answer: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step]
    private var pending: [UInt8] = []
    private var count = 0
    /// Where the head in `pending` ends, once that is known: a long body is not searched again with each read.
    private var headEnd: Int?

    init(
        _ box: ServerBox,
        _ greeting: String,
        _ answer: @escaping @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step]
    ) {
        self.box = box
        self.greeting = greeting
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        box.note { $0.opened += 1 }
        if !greeting.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: greeting)), promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { box.note { $0.closed += 1 } }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        while let index = headEnd ?? findHeadEnd() {
            headEnd = index
            let head = String(decoding: pending[..<index], as: UTF8.self)
            var request = LoopbackServer.Received(head: head, body: [], earlier: count)
            let length = Int(request.header("content-length") ?? "0") ?? 0
            guard pending.count >= index + 4 + length else { return }
            request.body = Array(pending[(index + 4)..<(index + 4 + length)])
            pending.removeFirst(index + 4 + length)
            headEnd = nil
            count += 1
            let complete = request
            box.note { $0.request = complete }
            for step in answer(request) {
                switch step {
                case .send(let text):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                case .close: context.close(promise: nil)
                case .flood: Self.flood(context.channel, box)
                }
            }
        }
    }

    private func findHeadEnd() -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard pending.count >= 4 else { return nil }
        return (0...pending.count - 4).first { pending[$0...].starts(with: end) }
    }

    private static func flood(_ channel: any Channel, _ box: ServerBox) {
        let text = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
        channel.writeAndFlush(ByteBuffer(string: text)).whenSuccess {
            box.note { $0.flooded += 1 }
            flood(channel, box)
        }
    }
}

extension LoopbackServer.Step {
    /// A complete answer that keeps the connection open.
    static func answer(_ status: String = "200 OK", _ headers: String = "", _ body: String = "") -> Self {
        .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }
}
