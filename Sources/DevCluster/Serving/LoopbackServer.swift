public import HTTPTransport
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
import SwiftASN1
import Synchronization
import X509

/// Serves a local service over HTTP/1.1 on 127.0.0.1, never on another address.
///
/// Guarantees: bodies stream both ways with back pressure and are never gathered in memory; a client that goes away
/// cancels the stream it was reading; graceful shutdown ends every exchange, since a watch would never end by itself.
/// With a `DevelopmentCertificate` it speaks TLS and asks for a client certificate, which must come from the same
/// authority if one is shown.
public final class LoopbackServer: Service {
    private let service: any LocalService
    private let port: Int
    private let certificate: DevelopmentCertificate?
    private let logger: Logger
    private let bound = Announcement<Int>()

    /// A server that has not started yet.
    /// - Parameters:
    ///   - port: 0 lets the kernel choose; `url()` tells which.
    ///   - certificate: serves HTTPS where given, else plain HTTP.
    public init(
        _ service: any LocalService,
        port: Int = 0,
        certificate: DevelopmentCertificate? = nil,
        logger: Logger
    ) {
        self.service = service
        self.port = port
        self.certificate = certificate
        self.logger = logger
    }

    /// Where the server listens; waits until it does. Throws what `run()` threw if it could not start.
    public func url() async throws -> HTTPURL {
        HTTPURL(scheme: certificate == nil ? "http" : "https", host: "127.0.0.1", port: try await bound.wait())
    }

    /// Serves until graceful shutdown or cancellation. Throws where the port cannot be bound. Runs once.
    public func run() async throws {
        do {
            let server = try makeServer()
            try await cancelWhenGracefulShutdown { try await server.run() }
            bound.announce(.failure(CancellationError()))
        } catch {
            bound.announce(.failure(error))
            throw error
        }
    }

    private func makeServer() throws -> any Service {
        var builder = HTTPServerBuilder.http1(configuration: .init(additionalChannelHandlers: [FullCloser()]))
        if let certificate { builder = try .tls(builder, tlsConfiguration: certificate.serverConfiguration()) }
        // Hummingbird logs its start at info and connection errors at debug; our own line says it in our words.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let secure = certificate != nil
        return try builder.buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port)),
            eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup,
            logger: quiet,
            responder: { [service] request, writer, channel in
                let peer = secure ? try await LocalPeer(certificateOf: channel) : .anonymous
                try await respond(to: request, from: peer, secure: secure, with: service, on: channel, writer)
            },
            onServerRunning: { [bound, logger] channel in
                let port = channel.localAddress?.port ?? 0
                logger.debug("listening", metadata: ["port": "\(port)"])
                bound.announce(.success(port))
            }
        )
    }
}

// Concurrent, as Hummingbird's writer is: it must not be passed between isolations.
@concurrent
private func respond(
    to request: Request,
    from peer: LocalPeer,
    secure: Bool,
    with service: any LocalService,
    on channel: any Channel,
    _ writer: consuming ResponseWriter
) async throws {
    // RFC 9110, 10.1.1: a client may wait for this before it sends its body.
    if request.headers[.expect]?.lowercased() == "100-continue" {
        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
    }
    var head = request.head
    head.scheme = secure ? "https" : "http"
    let answer = await service.handle(head, body: HTTPBodyChunks(oneReadOf: request.body), from: peer)
    if answer.isLost {
        try await channel.close()
        throw HTTPTransportError(.closed, "the answer is to be lost")
    }
    var response = answer.response
    if request.method == .head || response.status == .noContent || response.status == .notModified {
        // Without a length the encoder would announce chunks that a HEAD answer must not have.
        if request.method == .head, response.headerFields[.contentLength] == nil {
            response.headerFields[.contentLength] = "0"
        }
        try await writer.writeResponse(response)
        return
    }
    if response.headerFields[.contentLength] != nil {
        var body = try await writer.writeHead(response)
        for try await chunk in answer.body { try await body.write(ByteBuffer(bytes: chunk)) }
        try await body.finish(nil)
        return
    }
    var body = try await writer.writeHead(response)
    let chunks = Handover<[UInt8]>()
    channel.closeFuture.whenComplete { _ in
        chunks.finish(throwing: HTTPTransportError(.closed, "the client went away"))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            do {
                for try await chunk in answer.body where !chunk.isEmpty { try await chunks.send(chunk) }
                chunks.finish()
            } catch {
                chunks.finish(throwing: error)
            }
        }
        while let chunk = try await chunks.receive() { try await body.write(ByteBuffer(bytes: chunk)) }
    }
    try await body.finish(nil)
}

/// Closes the connection as soon as the client has closed its half of it.
///
/// Hummingbird leaves the other half open, for clients that still read; HTTP clients do not do that, and a stream that
/// has nothing to write would never notice that nobody reads it.
private final class FullCloser: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }
}

extension HTTPBodyChunks {
    /// The body of a request from the network, which can be read once; a second reader finds it empty.
    fileprivate init(oneReadOf body: RequestBody) {
        let taken = Flag()
        self.init {
            guard taken.raise() else { return { nil } }
            var iterator = body.makeAsyncIterator()
            return { try await iterator.next(isolation: #isolation).map { Array(buffer: $0) } }
        }
    }
}

/// A flag that is raised once.
private final class Flag: Sendable {
    private let raised = Mutex(false)

    /// True for the first caller only.
    func raise() -> Bool {
        raised.withLock { raised in
            defer { raised = true }
            return !raised
        }
    }
}

extension LocalPeer {
    /// The names of the certificate that the client at the other end of `channel` has proved to hold.
    fileprivate init(certificateOf channel: any Channel) async throws {
        guard let shown = try await channel.nioSSL_peerCertificate().get() else {
            self = .anonymous
            return
        }
        let certificate = try Certificate(derEncoded: shown.toDERBytes())
        self.init()
        for attribute in certificate.subject.lazy.flatMap({ $0 }) {
            guard let text = String(attribute.value) else { continue }
            if attribute.type == .RDNAttributeType.commonName { commonName = text }
            if attribute.type == .RDNAttributeType.organizationName { organizations.append(text) }
        }
    }
}
