import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import TestSupport

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

func makeClient(_ transport: some HTTPTransport, _ clock: TestClock) -> Client {
    let server = ClusterConfiguration(server: HTTPURL(scheme: "https", host: "cluster"))
    return Client(transport: transport, configuration: server, time: clock.timeSource(), logger: quiet)
}

extension HTTPRequest {
    /// The query's parameters; nothing in these tests is percent-encoded twice.
    var parameters: [String: String] {
        guard let query = path?.split(separator: "?", maxSplits: 1).dropFirst().first else { return [:] }
        var parameters: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            parameters[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return parameters
    }

    var pathOnly: String { String(path?.split(separator: "?", maxSplits: 1).first ?? "") }
}

extension FakeTransport.Answer {
    static func json(_ status: Int, _ value: JSONValue) -> FakeTransport.Answer {
        FakeTransport.Answer(status, [:], value.canonicalText)
    }

    static func failure(_ code: Int, _ reason: String, _ message: String = "refused") -> FakeTransport.Answer {
        json(
            code,
            [
                "kind": "Status", "status": "Failure", "code": .integer(Int64(code)), "reason": .string(reason),
                "message": .string(message),
            ]
        )
    }
}

func line<Object: KubernetesObject>(_ type: String, _ object: Object) -> String {
    JSONValue.object(["type": .string(type), "object": object.document]).canonicalText + "\n"
}

func bookmarkLine(_ version: String, isEnd: Bool = false) -> String {
    let annotations: JSONValue = isEnd ? ["k8s.io/initial-events-end": "true"] : [:]
    let event: JSONValue = [
        "type": "BOOKMARK",
        "object": [
            "kind": "ConfigMap", "metadata": ["resourceVersion": .string(version), "annotations": annotations],
        ],
    ]
    return event.canonicalText + "\n"
}

func listAnswer(_ objects: [ConfigMap], _ version: String) -> FakeTransport.Answer {
    .json(
        200,
        ["metadata": ["resourceVersion": .string(version)], "items": .array(objects.map(\.document))]
    )
}
