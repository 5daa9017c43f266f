import DevCluster
import HTTPTransport
import HTTPTypes

/// A server that answers what a test says, and nothing that a client would hope for.
struct Impostor: LocalService {
    private let answer: @Sendable (HTTPRequest) async -> LocalResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) async -> LocalResponse) { self.answer = answer }

    /// A server that answers everything with the same text.
    init(_ type: String, _ text: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
        self.init { _ in LocalResponse(status, headers, text: text, type: type) }
    }

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        await answer(request)
    }

    /// A portal page in place of an API, as a proxy that wants a login shows it.
    static let portal = Impostor("text/html", "<!DOCTYPE html><html><body>Please sign in</body></html>")

    /// A listing of a bucket with these elements.
    static func listing(_ elements: String) -> Impostor {
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return Impostor("application/xml", #"<ListBucketResult xmlns="\#(space)">\#(elements)</ListBucketResult>"#)
    }

    /// One object of a listing.
    static func contents(_ key: String, size: String = "1", modified: String = "2026-01-01T00:00:00Z") -> String {
        "<Contents><Key>\(key)</Key><LastModified>\(modified)</LastModified><ETag>&quot;a&quot;</ETag>"
            + "<Size>\(size)</Size></Contents>"
    }

    /// A body that goes on with `chunk` for `count` times.
    static func stream(_ type: String, head: String, chunk: String, count: Int) -> Impostor {
        Impostor { _ in
            let bytes = Array(chunk.utf8)
            let body = HTTPBodyChunks {
                var sent = -1
                return {
                    sent += 1
                    return sent == 0 ? Array(head.utf8) : sent <= count ? bytes : nil
                }
            }
            return LocalResponse(HTTPResponse(status: .ok, headerFields: [.contentType: type]), streaming: body)
        }
    }

    /// A list of tags whose pages never end.
    static var endlessTags: Impostor {
        Impostor { request in
            let page = (request.path ?? "").split(separator: "=").last.flatMap { Int($0) } ?? 0
            let tags = (0..<1000).map { "\"t\(page)-\($0)\"" }.joined(separator: ",")
            let next = "</v2/api/tags/list?n=1000&last=\(page + 1)>; rel=\"next\""
            let headers: HTTPFields = HTTPField.Name("Link").map { [$0: next] } ?? [:]
            return LocalResponse(.ok, headers, text: "{\"name\":\"api\",\"tags\":[\(tags)]}", type: "application/json")
        }
    }
}
