public import HTTPTypes

/// The one seam between this project and the network.
///
/// A transport sends exactly the request it is given: it follows no redirect, retries nothing and adds no credential.
/// Who needs that does it above, where tests see it (`HTTPRedirects`, `HTTPRetry`).
public protocol HTTPTransport: Sendable {
    /// Sends `request` and lends the response to `consume`.
    ///
    /// Guarantees: the connection is released when `consume` returns or throws, also with the body unread; cancelling
    /// the task ends the exchange; `timeouts` hold. Throws `HTTPTransportError` for anything the network did, and
    /// whatever `consume` throws.
    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value
}

/// How long an exchange may take.
public struct HTTPTimeouts: Sendable, Hashable {
    /// From the start of the request to the head of the response, connecting included.
    public var head: Duration
    /// The longest silence while the body is read.
    public var idleRead: Duration

    /// Limits of their two parts.
    public init(head: Duration, idleRead: Duration) {
        self.head = head
        self.idleRead = idleRead
    }

    /// For a request that answers at once: 30 s to the head, 30 s of silence.
    public static let call = HTTPTimeouts(head: .seconds(30), idleRead: .seconds(30))
}

/// The body of a request.
public enum HTTPRequestBody: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])
    /// A stream of known length that can be produced again, so that a retry is possible.
    case stream(length: Int64, @Sendable () -> HTTPBodyChunks)

    /// How many bytes the body has.
    public var length: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let length, _): length
        }
    }
}

/// A body as it arrives: chunks of any size, pulled by the consumer, so that back pressure reaches the sender.
public struct HTTPBodyChunks: AsyncSequence, Sendable {
    /// One chunk; may be empty.
    public typealias Element = [UInt8]

    private let make: @Sendable () -> AsyncIterator

    /// Pulls the chunks of a body.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let pull: () async throws -> [UInt8]?

        init(_ pull: @escaping () async throws -> [UInt8]?) { self.pull = pull }

        /// The next chunk, or nil at the end.
        public mutating func next() async throws -> [UInt8]? { try await pull() }
    }

    /// The chunks that `next` returns, until nil. `next` is made anew for each iteration.
    public init(_ next: @escaping @Sendable () -> (() async throws -> [UInt8]?)) {
        make = { AsyncIterator(next()) }
    }

    /// One chunk.
    public init(_ bytes: [UInt8]) {
        self.init(chunks: bytes.isEmpty ? [] : [bytes])
    }

    /// Chunks in memory.
    public init(chunks: [[UInt8]]) {
        self.init {
            var rest = chunks[...]
            return { rest.popFirst() }
        }
    }

    /// Starts over, where the source allows it; a network body can be read once.
    public func makeAsyncIterator() -> AsyncIterator { make() }

    /// The whole body. Throws `bodyTooLarge` as soon as it passes `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.count <= limit else {
                throw HTTPTransportError(.bodyTooLarge, "the answer is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }
}

/// What the network did to an exchange.
public struct HTTPTransportError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case connect
            case tls
            case timeout
            case idle
            case closed
            case bodyTooLarge
            case refusedAddress
            case invalidRequest
        }
        private let value: Value
        /// No connection: name resolution, refused, unreachable.
        public static let connect = Code(value: .connect)
        /// The TLS handshake failed, an untrusted certificate for instance.
        public static let tls = Code(value: .tls)
        /// The head of the response did not come in time.
        public static let timeout = Code(value: .timeout)
        /// The body fell silent for longer than allowed.
        public static let idle = Code(value: .idle)
        /// The connection ended inside the exchange.
        public static let closed = Code(value: .closed)
        /// The body is larger than the caller takes.
        public static let bodyTooLarge = Code(value: .bodyTooLarge)
        /// The host is, or resolves to, an address that may not be contacted.
        public static let refusedAddress = Code(value: .refusedAddress)
        /// The request cannot be sent as it is: a malformed URL, too many redirects.
        public static let invalidRequest = Code(value: .invalidRequest)
    }

    /// The kind of failure.
    public var code: Code
    /// What happened, without credentials, query strings or bodies.
    public var message: String

    /// An error with its message.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
