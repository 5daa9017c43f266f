import AsyncHTTPClient
import HTTPTransport
import HTTPTypes
import NIOCore
import NIOHTTP1

/// A request in AsyncHTTPClient's terms, checked so that it arrives as it is.
struct RequestMessage {
    let url: HTTPURL
    private let method: HTTPMethod
    private let headers: HTTPHeaders
    private let body: HTTPRequestBody?

    /// Throws `invalidRequest` for what cannot be sent unchanged.
    init(_ request: HTTPRequest, _ body: HTTPRequestBody?) throws(HTTPTransportError) {
        guard let scheme = request.scheme, let authority = request.authority, let target = request.path,
            let url = HTTPURL("\(scheme)://\(authority)\(target)"), request.method != .connect
        else { throw HTTPTransportError(.invalidRequest, "the request has no absolute http or https URL") }
        // AsyncHTTPClient parses the URL again with Foundation, which would rewrite anything outside RFC 3986.
        guard url.target == target, Self.isWellFormed(target) else {
            throw HTTPTransportError(.invalidRequest, "the URL's path or query is not percent-encoded: \(url.origin)")
        }
        self.url = url
        self.body = body
        method = HTTPMethod(rawValue: request.method.rawValue)
        var headers = HTTPHeaders()
        // Always set: AsyncHTTPClient would leave out an IPv6 address's brackets, and take an override for the name.
        headers.add(name: "Host", value: url.authority)
        for field in request.headerFields where field.name.canonicalName != "host" {
            headers.add(name: field.name.rawName, value: field.value)
        }
        self.headers = headers
    }

    /// - Parameter host: the name that stands in the URL, and so in TLS, instead of the URL's own host.
    func prepared(host: String?) -> HTTPClientRequest {
        var target = url
        if let host { target.host = host }
        var request = HTTPClientRequest(url: target.description)
        request.method = method
        request.headers = headers
        switch body {
        case nil: break
        case .bytes(let bytes): request.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let length, let make):
            request.body = .stream(RequestChunks(chunks: make()), length: .known(length))
        }
        return request
    }

    /// RFC 3986's characters of a path and a query, with complete percent escapes.
    private static func isWellFormed(_ target: String) -> Bool {
        guard target.hasPrefix("/") else { return false }
        var escape = 0
        for byte in target.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: escape = max(escape - 1, 0)
            case _ where escape > 0: return false
            case 0x25: escape = 2
            case 0x47...0x5A, 0x67...0x7A: break
            case _ where "-._~!$&'()*+,;=:@/?".utf8.contains(byte): break
            default: return false
            }
        }
        return escape == 0
    }
}

/// The chunks of a request as buffers. What their source throws is marked, to be told apart from what the network did.
struct RequestChunks: AsyncSequence, Sendable {
    struct SourceFailure: Error {
        let cause: any Error
    }

    let chunks: HTTPBodyChunks

    struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: HTTPBodyChunks.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await chunks.next().map { ByteBuffer(bytes: $0) }
            } catch {
                throw SourceFailure(cause: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: chunks.makeAsyncIterator()) }
}

extension HTTPResponse {
    /// The head of a response. Header fields that are not well formed are left out.
    init(_ response: HTTPClientResponse, from url: HTTPURL) throws(HTTPTransportError) {
        let code = Int(response.status.code)
        guard (100...999).contains(code) else {
            throw HTTPTransportError(.closed, "\(url.authority) answered with a status that is none")
        }
        var fields = HTTPFields()
        for (name, value) in response.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        self.init(status: Status(code: code), headerFields: fields)
    }
}
