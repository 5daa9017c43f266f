import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// What a server of this module answers.
struct Page: Sendable, Hashable {
    var status = 200
    var type = "text/plain; charset=utf-8"
    var text: String

    init(status: Int = 200, type: String = "text/plain; charset=utf-8", _ text: String) {
        self.status = status
        self.type = type
        self.text = text
    }
}

/// Serves pages that are made for each request, to GET and HEAD.
///
/// Pages are small and no request has a body that is read; a client has a minute for a request, and no more than 256
/// are served at a time, so that nobody can use up the files of the process.
struct PageServer: Sendable {
    let address: ListenAddress
    /// The option that set the address, for messages.
    let option: String
    let logger: Logger
    let onListening: @Sendable (Int) -> Void
    /// The page of a path and a query; nil where there is none.
    let page: @Sendable (_ path: String, _ query: String) -> Page?

    /// Serves until graceful shutdown. Throws `ListenError`.
    func run() async throws {
        let listener = Listener(address: address, option: option, logger: logger, onListening: onListening)
        try await listener.serve { request in respond(to: request) }
    }

    private func respond(to request: Request) -> Response {
        let isHead = request.method == .head
        guard isHead || request.method == .get else {
            return response(Page(status: 405, "only GET and HEAD\n"), isHead: false)
        }
        let page = page(request.uri.path, request.uri.query ?? "") ?? Page(status: 404, "not found\n")
        return response(page, isHead: isHead)
    }

    private func response(_ page: Page, isHead: Bool) -> Response {
        var headers: HTTPFields = [.contentType: page.type, .cacheControl: "no-store"]
        if page.status == 405 { headers[.allow] = "GET, HEAD" }
        let whole = Response(
            status: .init(code: page.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: page.text))
        )
        return isHead ? whole.createHeadResponse() : whole
    }
}
