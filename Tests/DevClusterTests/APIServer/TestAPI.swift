import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import TestSupport

/// An embedded server on a clock that stands still, with short ways to talk to it.
final class TestAPI: Sendable {
    let clock = TestClock()
    let server: DevAPIServer
    let transport: any HTTPTransport

    init(
        _ profile: APIServerProfile = .current,
        tokens: [String: APIServerUser] = [:],
        historyLimit: Int = 10_000,
        faults: FaultScript? = nil
    ) {
        server = DevAPIServer(
            .init(profile: profile, tokens: tokens, historyLimit: historyLimit),
            time: clock.timeSource()
        )
        let direct = InProcessTransport(to: server)
        let time = clock.timeSource()
        transport = faults.map { FaultInjectingTransport(direct, $0, time: time) } ?? direct
    }

    struct Answer: Sendable {
        var status: Int
        var json: JSONValue
        var headers: HTTPFields
        var version: String { json[path: "metadata", "resourceVersion"]?.string ?? "" }
        var reason: String { json["reason"]?.string ?? "" }
    }

    func call(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ body: JSONValue? = nil,
        type: String = "application/json",
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "fake",
            path: target,
            headerFields: headers
        )
        if body != nil { request.headerFields[.contentType] = type }
        return try await transport.withResponse(
            to: request,
            body: body.map { .bytes($0.canonicalBytes) },
            timeouts: .call
        ) { response, chunks in
            let bytes = try await chunks.collect(upTo: 1 << 26)
            return Answer(
                status: response.status.code,
                json: (try? JSONValue(parsing: bytes)) ?? .null,
                headers: response.headerFields
            )
        }
    }

    /// The first events of a watch: as many as there are before its end, at most `count`.
    func events(_ target: String, _ count: Int, headers: HTTPFields = [:]) async throws -> [JSONValue] {
        let request = HTTPRequest(method: .get, scheme: "http", authority: "fake", path: target, headerFields: headers)
        return try await transport.withResponse(
            to: request,
            body: nil,
            timeouts: HTTPTimeouts(head: .seconds(30), idleRead: .seconds(3600))
        ) { _, chunks in
            var splitter = WatchLineSplitter()
            var events: [JSONValue] = []
            for try await chunk in chunks {
                events += try splitter.lines(in: chunk).map { line throws(JSONError) in try JSONValue(parsing: line) }
                if events.count >= count { break }
            }
            return events
        }
    }

    /// The first event of a watch; nil where it ends before there was one.
    func event(_ target: String) async throws -> JSONValue? { try await events(target, 1).first }

    /// Moves the clock by each duration in turn, once somebody waits.
    func pass(_ durations: Duration...) async {
        for duration in durations {
            await clock.waitForSleepers()
            clock.advance(by: duration)
        }
    }

    static let configMaps = "/api/v1/namespaces/default/configmaps"
    static let deployments = "/apis/apps/v1/namespaces/default/deployments"

    static func configMap(_ name: String, _ data: [String: String] = ["a": "1"]) -> JSONValue {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data.json]
    }

    static func deployment(_ name: String, image: String, replicas: Int64 = 2) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": [
                        "containers": [["name": "app", "image": .string(image), "ports": [["containerPort": 88]]]]
                    ],
                ],
            ],
        ]
    }
}
