public import HTTPTransport
public import HTTPTypes
import Synchronization

/// A transport that answers from a closure and remembers what was asked.
public final class FakeTransport: HTTPTransport, Sendable {
    /// One answer.
    public struct Answer: Sendable {
        /// The head.
        public var response: HTTPResponse
        /// The body.
        public var body: HTTPBodyChunks

        /// An answer whose body comes in chunks.
        public init(_ status: Int, _ headers: HTTPFields = [:], _ body: HTTPBodyChunks) {
            response = HTTPResponse(status: .init(code: status), headerFields: headers)
            self.body = body
        }

        /// An answer whose body is text.
        public init(_ status: Int, _ headers: HTTPFields = [:], _ text: String = "") {
            self.init(status, headers, HTTPBodyChunks(Array(text.utf8)))
        }
    }

    /// A request with its whole body.
    public struct Exchange: Sendable {
        /// The head.
        public var request: HTTPRequest
        /// The body; empty where there was none.
        public var body: [UInt8]
        /// How long it was allowed to take.
        public var timeouts: HTTPTimeouts
    }

    private let answer: @Sendable (HTTPRequest, [UInt8]) async throws -> Answer
    private let log = Mutex<[Exchange]>([])

    /// A transport whose answers `answer` makes from the request and its body.
    public init(_ answer: @escaping @Sendable (HTTPRequest, [UInt8]) async throws -> Answer) {
        self.answer = answer
    }

    /// Everything that was sent, in order.
    public var exchanges: [Exchange] { log.withLock { $0 } }

    /// Remembers the exchange and lends the answer to `consume`.
    public func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var bytes: [UInt8] = []
        switch body {
        case nil: break
        case .bytes(let whole): bytes = whole
        case .stream(_, let chunks): bytes = try await chunks().collect(upTo: 1 << 30)
        }
        let sent = bytes
        log.withLock { $0.append(Exchange(request: request, body: sent, timeouts: timeouts)) }
        let answer = try await answer(request, bytes)
        return try await consume(answer.response, answer.body)
    }
}
