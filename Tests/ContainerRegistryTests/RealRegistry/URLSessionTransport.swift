import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A transport over Foundation's URL loading, for tests against a real server. Holds bodies in memory.
struct URLSessionTransport: HTTPTransport {
    /// Hands redirects to the caller, as a transport has to.
    private final class Delegate: NSObject, URLSessionTaskDelegate {
        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest,
            completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }
    }

    private let session = URLSession(configuration: .ephemeral, delegate: Delegate(), delegateQueue: nil)

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        guard let scheme = request.scheme, let authority = request.authority, let path = request.path,
            let url = URL(string: "\(scheme)://\(authority)\(path)")
        else { throw HTTPTransportError(.invalidRequest, "not a URL") }
        var message = URLRequest(url: url, timeoutInterval: timeouts.head.inSeconds)
        message.httpMethod = request.method.rawValue
        for field in request.headerFields { message.addValue(field.value, forHTTPHeaderField: field.name.rawName) }
        switch body {
        case nil: break
        case .bytes(let bytes): message.httpBody = Data(bytes)
        case .stream(_, let chunks): message.httpBody = Data(try await chunks().collect(upTo: 1 << 20))
        }
        let (data, answer): (Data, URLResponse)
        do {
            (data, answer) = try await session.data(for: message)
        } catch {
            throw HTTPTransportError(.connect, "\(error)")
        }
        guard let answer = answer as? HTTPURLResponse else { throw HTTPTransportError(.closed, "no HTTP answer") }
        var response = HTTPResponse(status: .init(code: answer.statusCode))
        for (name, value) in answer.allHeaderFields {
            if let name = HTTPField.Name("\(name)") { response.headerFields[name] = "\(value)" }
        }
        return try await consume(response, HTTPBodyChunks(Array(data)))
    }
}
