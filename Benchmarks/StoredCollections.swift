import DevCluster
import FoundationEssentials
import Glibc
import HTTPTransport
import HTTPTypes
import JSON
import Logging

/// An API server that holds two large collections and nothing else: lists in pages, watches that stay silent, and
/// writes that change nothing. What an operator needs memory for, without what a server needs.
struct StoredCollections: LocalService {
    private let modelApps: [String]
    private let deployments: [String]

    /// The ModelApps are suspended, so that nobody looks for their images and models.
    init(objects count: Int) {
        var documents = SampleDocuments()
        modelApps = (0..<count).map { documents.modelApp($0, suspended: true) }
        deployments = (0..<count).map { documents.deployment($0) }
    }

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        guard let components = URLComponents(string: request.path ?? "") else { return LocalResponse(.badRequest) }
        let query = Dictionary(
            (components.queryItems ?? []).map { ($0.name, $0.value ?? "") },
            uniquingKeysWith: { $1 }
        )
        if request.method == .patch || request.method == .post {
            let sent = (try? await body.collect(upTo: 8 << 20)) ?? []
            return LocalResponse(.ok, [.contentType: "application/json"], sent)
        }
        guard request.method == .get else { return LocalResponse(.methodNotAllowed) }
        let objects: [String]
        switch components.path {
        case "/apis/modelapp.dev/v1alpha1/modelapps": objects = modelApps
        case "/apis/apps/v1/deployments": objects = deployments
        case "/api/v1/services", "/apis/apps/v1/controllerrevisions": objects = []
        default: return LocalResponse(.notFound)
        }
        guard query["watch"] != nil else { return page(of: objects, query) }
        return watch(query["sendInitialEvents"] == "true" ? objects : nil)
    }

    private func page(of objects: [String], _ query: [String: String]) -> LocalResponse {
        let start = min(Int(query["continue"] ?? "") ?? 0, objects.count)
        let end = min(start + max(Int(query["limit"] ?? "") ?? objects.count, 1), objects.count)
        let next = end < objects.count ? String(end) : ""
        let items = objects[start..<end].joined(separator: ",")
        let text = #"{"items":[\#(items)],"metadata":{"continue":"\#(next)","resourceVersion":"4711"}}"#
        return LocalResponse(.ok, text: text, type: "application/json")
    }

    /// A watch in which nothing happens; where they are asked for it begins with the objects and the bookmark that ends
    /// them (KEP-3157).
    private func watch(_ initial: [String]?) -> LocalResponse {
        LocalResponse(
            HTTPResponse(status: .ok, headerFields: [.contentType: "application/json"]),
            streaming: HTTPBodyChunks {
                var lines = initial.map { $0.map { #"{"type":"ADDED","object":\#($0)}"# } + [Self.end] } ?? []
                lines.reverse()
                return {
                    if let line = lines.popLast() { return Array((line + "\n").utf8) }
                    try await Task.sleep(for: .seconds(86_400))
                    return nil
                }
            }
        )
    }

    private static let end =
        #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"4711","annotations":"#
        + #"{"k8s.io/initial-events-end":"true"}}}}"#

    /// Serves over TLS on loopback until the process is killed; prints a kubeconfig on one line.
    static func serve(objects count: Int) async throws {
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        var logger = Logger(label: "benchmarks") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        let server = LoopbackServer(StoredCollections(objects: count), certificate: certificate, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let authority = Data(certificate.authorityPEM.utf8).base64EncodedString()
            let kubeconfig: JSONValue = [
                "apiVersion": "v1", "kind": "Config", "current-context": "bench",
                "clusters": [
                    [
                        "name": "bench",
                        "cluster": [
                            "server": .string(try await server.url().origin),
                            "certificate-authority-data": .string(authority),
                        ],
                    ]
                ],
                "users": [["name": "bench", "user": ["token": "bench"]]],
                "contexts": [["name": "bench", "context": ["cluster": "bench", "user": "bench"]]],
            ]
            print(kubeconfig.canonicalText)
            // Behind a pipe the line would be kept until the process ends.
            fflush(nil)
            try await group.waitForAll()
        }
    }
}
