import AsyncHTTPClient
import HTTPTransport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where in an exchange something failed.
enum ExchangePhase {
    case head
    case body
}

/// What the network did, in the words of the seam. Cancellation stays `CancellationError`, and what a request's own
/// body throws stays what it is.
func transportFailure(
    _ error: any Error,
    _ phase: ExchangePhase,
    _ url: HTTPURL,
    _ timeouts: HTTPTimeouts
) -> any Error {
    if Task.isCancelled || error is CancellationError { return CancellationError() }
    if let failure = error as? RequestChunks.SourceFailure { return failure.cause }
    let peer = url.authority
    switch error {
    case let error as HTTPTransportError: return error
    case let error as HTTPClientError: return clientFailure(error, phase, peer, timeouts)
    case let error as NIOConnectionError: return connectionFailure(error, peer)
    case let error as IOError: return systemFailure(error.errnoCode, phase, peer)
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return tlsFailure(error, phase, peer)
    case is HTTPParserError:
        let what = (error as? HTTPParserError) == .invalidEOFState ? "closed the connection inside its answer" : nil
        return HTTPTransportError(.closed, "\(peer) \(what ?? "sent what is not HTTP/1.1")")
    case is ChannelError: return HTTPTransportError(.closed, "the connection to \(peer) ended")
    default: return HTTPTransportError(.closed, "the exchange with \(peer) failed: \(type(of: error))")
    }
}

private func clientFailure(
    _ error: HTTPClientError,
    _ phase: ExchangePhase,
    _ peer: String,
    _ timeouts: HTTPTimeouts
) -> HTTPTransportError {
    switch error {
    case .deadlineExceeded: HTTPTransportError(.timeout, "no answer from \(peer) within \(timeouts.head)")
    case .readTimeout where phase == .head: HTTPTransportError(.timeout, "\(peer) was silent and gave no answer")
    case .readTimeout: HTTPTransportError(.idle, "\(peer) fell silent inside its answer")
    case .writeTimeout: HTTPTransportError(.timeout, "\(peer) stopped reading the request")
    case .connectTimeout, .getConnectionFromPoolTimeout:
        HTTPTransportError(.connect, "no connection to \(peer) in time: is it reachable from here?")
    case .tlsHandshakeTimeout:
        HTTPTransportError(.connect, "\(peer) did not finish the TLS handshake in time: does it speak TLS?")
    case .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
        HTTPTransportError(.connect, "the proxy did not open a connection to \(peer) in time")
    case .proxyAuthenticationRequired:
        HTTPTransportError(.connect, "the proxy wants a user and password for \(peer)")
    case .invalidProxyResponse:
        HTTPTransportError(.connect, "the proxy refuses a connection to \(peer)")
    case .remoteConnectionClosed where phase == .head:
        HTTPTransportError(.closed, "\(peer) closed the connection before it answered")
    case .remoteConnectionClosed: HTTPTransportError(.closed, "\(peer) closed the connection inside its answer")
    case .alreadyShutdown, .cancelled: HTTPTransportError(.closed, "the transport was shut down")
    case .bodyLengthMismatch:
        HTTPTransportError(.invalidRequest, "the request's body has not the length that was announced")
    case .invalidURL, .emptyHost, .emptyScheme, .traceRequestWithBody:
        HTTPTransportError(.invalidRequest, "the request to \(peer) cannot be sent: \(error.shortDescription)")
    default:
        if error.shortDescription.hasPrefix("Invalid header field") {
            HTTPTransportError(.invalidRequest, "a header field of the request to \(peer) holds a control character")
        } else {
            HTTPTransportError(.closed, "the exchange with \(peer) failed: \(error.shortDescription)")
        }
    }
}

private func connectionFailure(_ error: NIOConnectionError, _ peer: String) -> HTTPTransportError {
    if error.connectionErrors.isEmpty {
        return HTTPTransportError(.connect, "\(error.host) cannot be resolved: check the name, and the name servers")
    }
    let codes = error.connectionErrors.compactMap { ($0.error as? IOError)?.errnoCode }
    if let refused = codes.first(where: { $0 == ECONNREFUSED }) ?? codes.first {
        return systemFailure(refused, .head, peer)
    }
    return HTTPTransportError(.connect, "no connection to \(peer) in time: is it reachable from here?")
}

private func systemFailure(_ code: CInt, _ phase: ExchangePhase, _ peer: String) -> HTTPTransportError {
    switch code {
    case ECONNREFUSED:
        HTTPTransportError(.connect, "\(peer) refused the connection: is the server running, and the port right?")
    case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EHOSTDOWN, EACCES, EPERM:
        HTTPTransportError(.connect, "\(peer) cannot be reached from here: \(description(code))")
    case EMFILE, ENFILE: HTTPTransportError(.connect, "no connection to \(peer): \(description(code))")
    case ETIMEDOUT where phase == .body: HTTPTransportError(.idle, "\(peer) no longer acknowledges anything")
    case ETIMEDOUT: HTTPTransportError(.timeout, "\(peer) acknowledges nothing")
    case ECONNRESET, EPIPE: HTTPTransportError(.closed, "\(peer) reset the connection")
    default: HTTPTransportError(.closed, "the connection to \(peer) failed: \(description(code))")
    }
}

private func tlsFailure(_ error: any Error, _ phase: ExchangePhase, _ peer: String) -> HTTPTransportError {
    let text = String(describing: error)
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
        return HTTPTransportError(
            .tls,
            "the certificate of \(peer) is not trusted: it is expired, or no known authority signed it; "
                + "name the authority's certificate (CA) for this server"
        )
    }
    if text.contains("ailedToValidateHostname") || text.contains("oesn't match") || text.contains("hostname") {
        return HTTPTransportError(
            .tls,
            "the certificate of \(peer) is for another name; use that name, or set the TLS server name"
        )
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
        return HTTPTransportError(.tls, "\(peer) does not speak TLS: is the scheme http, or the port another?")
    }
    if text.contains("CERTIFICATE_REQUIRED") || text.contains("ALERT_BAD_CERTIFICATE")
        || text.contains("ALERT_UNKNOWN_CA")
    {
        return HTTPTransportError(.tls, "\(peer) does not accept the client's certificate, or there is none")
    }
    if case .uncleanShutdown? = error as? NIOSSLError {
        return HTTPTransportError(.closed, "the connection to \(peer) was cut")
    }
    if phase == .body { return HTTPTransportError(.closed, "the TLS connection to \(peer) broke") }
    return HTTPTransportError(.tls, "the TLS handshake with \(peer) failed")
}

private func description(_ code: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
