public import HTTPTransport
public import HTTPTypes

/// A transport that calls a local service directly, without a socket.
///
/// The service runs in a child task and hands its body over chunk by chunk, so that it waits for a slow reader and is
/// cancelled as soon as the reader leaves. Timeouts count on the time source given; without one there are none.
public struct InProcessTransport: HTTPTransport {
    private let service: any LocalService
    private let time: TimeSource?
    private let peer: LocalPeer

    private enum Part: Sendable {
        case head(HTTPResponse)
        case body([UInt8])
    }

    /// A transport to `service`.
    /// - Parameters:
    ///   - time: what `timeouts` are measured by; nil means that they never pass.
    ///   - peer: whom the service sees.
    public init(to service: any LocalService, time: TimeSource? = nil, peer: LocalPeer = .anonymous) {
        self.service = service
        self.time = time
        self.peer = peer
    }

    /// Sends `request` to the service and lends the answer to `consume`.
    public func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let request = completed(request, body)
        let parts = Handover<Part>()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await serve(request, body, into: parts) }
            let limit = timeouts.head
            let first = try await next(of: parts, within: limit) {
                HTTPTransportError(.timeout, "no answer within \(limit)")
            }
            guard case .head(let head) = first else {
                throw HTTPTransportError(.closed, "the service ended without an answer")
            }
            let silence = timeouts.idleRead
            let chunks = HTTPBodyChunks {
                return {
                    let part = try await next(of: parts, within: silence) {
                        HTTPTransportError(.idle, "the body was silent for \(silence)")
                    }
                    guard case .body(let bytes) = part else { return nil }
                    return bytes
                }
            }
            let value = try await consume(head, chunks)
            group.cancelAll()
            return value
        }
    }

    /// The request as a client puts it on the wire: with the length of its body.
    private func completed(_ request: HTTPRequest, _ body: HTTPRequestBody?) -> HTTPRequest {
        var request = request
        let expectsBody = request.method == .put || request.method == .post || request.method == .patch
        if request.headerFields[.contentLength] == nil, body != nil || expectsBody {
            request.headerFields[.contentLength] = String(body?.length ?? 0)
        }
        return request
    }

    private func serve(_ request: HTTPRequest, _ body: HTTPRequestBody?, into parts: Handover<Part>) async {
        let sent: HTTPBodyChunks =
            switch body {
            case nil: HTTPBodyChunks([])
            case .bytes(let bytes): HTTPBodyChunks(bytes)
            case .stream(_, let make): make()
            }
        let answer = await service.handle(request, body: sent, from: peer)
        if answer.isLost {
            return parts.finish(throwing: HTTPTransportError(.closed, "the connection ended without an answer"))
        }
        do {
            try await parts.send(.head(answer.response))
            if request.method != .head {
                for try await chunk in answer.body where !chunk.isEmpty { try await parts.send(.body(chunk)) }
            }
            parts.finish()
        } catch let error as HTTPTransportError {
            parts.finish(throwing: error)
        } catch {
            parts.finish(throwing: HTTPTransportError(.closed, "the service ended its answer early: \(error)"))
        }
    }

    private func next(
        of parts: Handover<Part>,
        within limit: Duration,
        orThrow failure: @escaping @Sendable () -> HTTPTransportError
    ) async throws -> Part? {
        if let ready = try parts.takeIfReady() { return ready }
        guard let time else { return try await parts.receive() }
        return try await withThrowingTaskGroup(of: Part?.self) { group in
            group.addTask { try await parts.receive() }
            group.addTask {
                try await time.sleep(for: limit)
                throw failure()
            }
            let part = try await group.next() ?? nil
            group.cancelAll()
            return part
        }
    }
}
