public import HTTPTransport
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
public import Triggers

/// Takes webhooks at `/hook/...`, over plain HTTP: what stands in front of it ends TLS.
///
/// Reads at most a megabyte, which is the most that Event Grid sends, within ten seconds.
public struct WebhookServer: ServiceLifecycle.Service {
    static let maximumBody = 1 << 20
    static let maximumTime = Duration.seconds(10)

    private let listener: Listener
    private let time: TimeSource
    private let receive: @Sendable (WebhookRequest) async -> WebhookAnswer

    /// A server that has not started.
    /// - Parameters:
    ///   - onListening: told the port.
    ///   - receive: acts on a request that was read whole, and answers it.
    public init(
        _ address: ListenAddress,
        time: TimeSource,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in },
        receive: @escaping @Sendable (WebhookRequest) async -> WebhookAnswer
    ) {
        listener = Listener(address: address, option: "--webhook-address", logger: logger, onListening: onListening)
        self.time = time
        self.receive = receive
    }

    /// Serves until graceful shutdown. Throws `ListenError`.
    public func run() async throws { try await listener.serve { request in await respond(to: request) } }

    private func respond(to request: Request) async -> Response {
        guard let body = await read(request) else {
            return response(WebhookAnswer(413, #"{"error":"a body has at most a megabyte, sent within ten seconds"}"#))
        }
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { "\($0), \(field.value)" } ?? field.value
        }
        let whole = WebhookRequest(
            method: request.method.rawValue,
            path: request.uri.path,
            headers: headers,
            body: body
        )
        return response(await receive(whole))
    }

    /// The body; nil where it is too long, too slow, or breaks off.
    private func read(_ request: Request) async -> [UInt8]? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumBody { return nil }
        let (body, time) = (request.body, time)
        return await withTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { (try? await body.collect(upTo: Self.maximumBody)).map { Array($0.readableBytesView) } }
            group.addTask {
                try? await time.sleep(for: Self.maximumTime)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func response(_ answer: WebhookAnswer) -> Response {
        let type = answer.text.hasPrefix("{") ? "application/json" : "text/plain; charset=utf-8"
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-store"]
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if answer.status == 413 { headers[.connection] = "close" }
        return Response(
            status: .init(code: answer.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.text))
        )
    }
}
