import Foundation
import HTTPTransport
import HTTPTypes

/// HTTP/1.1 over one blocking connection for each request, in clear text, to 127.0.0.1 only: enough to talk to an
/// emulator without the libraries that the operator uses for its network.
struct LoopbackTransport: HTTPTransport {
    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        var bytes: [UInt8] = []
        if case .bytes(let whole)? = body { bytes = whole }
        let answer = try exchange(request, bytes)
        let (response, content) = try LoopbackTransport.parse(answer, isHead: request.method == .head)
        let chunks = stride(from: 0, to: content.count, by: 7000).map {
            Array(content[$0..<min($0 + 7000, content.count)])
        }
        return try await consume(response, HTTPBodyChunks(chunks: chunks))
    }

    private func exchange(_ request: HTTPRequest, _ body: [UInt8]) throws -> [UInt8] {
        let authority = request.authority ?? ""
        guard request.scheme == "http", authority.hasPrefix("127.0.0.1:"), let port = UInt16(authority.dropFirst(10))
        else {
            throw HTTPTransportError(.refusedAddress, "\(authority) is not on this machine")
        }
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard connection >= 0 else { throw HTTPTransportError(.connect, "no socket") }
        defer { close(connection) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw HTTPTransportError(.connect, "nobody listens on \(authority)") }
        var head = "\(request.method.rawValue) \(request.path ?? "/") HTTP/1.1\r\nHost: \(authority)\r\n"
        for field in request.headerFields where field.name != .contentLength {
            head += "\(field.name.rawName): \(field.value)\r\n"
        }
        head += "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        var rest = (Array(head.utf8) + body)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { throw HTTPTransportError(.closed, "the connection ended") }
            rest = rest.dropFirst(count)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(connection, &buffer, buffer.count)
            guard count >= 0 else { throw HTTPTransportError(.closed, "the connection ended") }
            if count == 0 { return answer }
            answer += buffer[..<count]
        }
    }

    /// Splits an answer into its head and its body, chunked or not.
    static func parse(_ answer: [UInt8], isHead: Bool) throws -> (HTTPResponse, [UInt8]) {
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw HTTPTransportError(.closed, "no head")
        }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ")
        guard status.count >= 2, let code = Int(status[1]) else { throw HTTPTransportError(.closed, "no status") }
        var response = HTTPResponse(status: .init(code: code))
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) else {
                continue
            }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            response.headerFields.append(HTTPField(name: name, value: value))
        }
        var body = answer[end.upperBound...]
        guard !isHead else { return (response, []) }
        guard response.headerFields[.transferEncoding] == "chunked" else { return (response, Array(body)) }
        var whole: [UInt8] = []
        while let line = body.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: body[body.startIndex..<line.lowerBound], as: UTF8.self), radix: 16),
            size > 0
        {
            whole += body[line.upperBound...].prefix(size)
            body = body[line.upperBound...].dropFirst(size + 2)
        }
        return (response, whole)
    }
}
