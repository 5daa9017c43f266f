public import HTTPTransport
public import HTTPTypes

/// What a local service answers.
public struct LocalResponse: Sendable {
    /// Status and header fields.
    public var response: HTTPResponse
    /// The body, which may stream for ever.
    public var body: HTTPBodyChunks
    /// Whether the client gets nothing of it but the end of the connection.
    public var isLost = false

    /// No answer: the connection ends, as when a server dies after it has done what was asked.
    public static var lost: LocalResponse {
        var response = LocalResponse(.internalServerError)
        response.isLost = true
        return response
    }

    /// An answer whose body has the length that its `Content-Length` names, or no known end if it names none.
    public init(_ response: HTTPResponse, streaming body: HTTPBodyChunks) {
        self.response = response
        self.body = body
    }

    /// An answer of known bytes; sets `Content-Length`.
    public init(_ status: HTTPResponse.Status, _ headers: HTTPFields = [:], _ bytes: [UInt8] = []) {
        response = HTTPResponse(status: status, headerFields: headers)
        // RFC 9110, 8.6: a 204 has no Content-Length.
        if status != .noContent, status != .notModified {
            response.headerFields[.contentLength] = String(bytes.count)
        }
        body = HTTPBodyChunks(bytes)
    }

    /// An answer of text.
    public init(_ status: HTTPResponse.Status, _ headers: HTTPFields = [:], text: String, type: String) {
        var headers = headers
        headers[.contentType] = type
        self.init(status, headers, Array(text.utf8))
    }
}

extension HTTPField.Name {
    /// A field name known at compile time.
    ///
    /// `HTTPField.Name.init?(_:)` fails only for text that is no token; these are literals of this target, checked by
    /// every test that uses them.
    static func known(_ name: StaticString) -> HTTPField.Name {
        HTTPField.Name(name.description) ?? .init(parsed: "x-unnamed") ?? .server
    }
}
