import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import Logging

/// Sends requests to a local service in process.
struct Caller {
    let transport: InProcessTransport
    var headers: HTTPFields = [:]

    init(_ service: any LocalService, headers: HTTPFields = [:]) {
        transport = InProcessTransport(to: service)
        self.headers = headers
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        subscript(name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: HTTPFields = [:],
        _ body: [UInt8]? = nil
    ) async throws -> Answer {
        var all = headers
        for field in fields { all[field.name] = field.value }
        let request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "peer.test:5000",
            path: target,
            headerFields: all
        )
        return try await transport.withResponse(
            to: request,
            body: body.map { .bytes($0) },
            timeouts: .call
        ) { response, chunks in
            Answer(
                status: response.status.code,
                headers: response.headerFields,
                body: try await chunks.collect(upTo: 1 << 30)
            )
        }
    }
}

/// Serves `service` on the loopback interface while `body` runs.
func withServer<Value: Sendable>(
    _ service: any LocalService,
    certificate: DevelopmentCertificate? = nil,
    _ body: @Sendable (HTTPURL) async throws -> Value
) async throws -> Value {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = LoopbackServer(service, certificate: certificate, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let value = try await body(try await server.url())
        group.cancelAll()
        return value
    }
}
