public import HTTPTransport
import HTTPTypes
import JSON
import Synchronization

/// One rule that every API server of ours has to follow, the embedded one and a real one.
///
/// A case talks plain HTTP through a transport, so that it proves the server and not our client. It makes its own
/// namespace and its own names, so that cases run in any order, beside each other and again.
public struct APIServerCase: Sendable, CustomStringConvertible {
    /// The rule.
    public let name: String
    /// Whether servers before 1.25 follow it too; those after do in any case.
    public let holdsOn1_20: Bool
    /// Whether present servers follow it.
    public let holdsOnCurrent: Bool
    private let body: @Sendable (APISession) async throws -> Void

    init(
        _ name: String,
        on1_20: Bool = true,
        onCurrent: Bool = true,
        _ body: @escaping @Sendable (APISession) async throws -> Void
    ) {
        self.name = name
        holdsOn1_20 = on1_20
        holdsOnCurrent = onCurrent
        self.body = body
    }

    /// Checks the rule. Throws `ConformanceFailure` where the server does something else.
    public func run(_ server: APIServerUnderTest) async throws {
        let session = APISession(server, label: name)
        try await session.makeNamespace()
        do {
            try await body(session)
        } catch {
            await session.removeNamespace()
            throw error
        }
        await session.removeNamespace()
    }

    /// The rule.
    public var description: String { name }

    /// All rules.
    public static let all =
        objects + updates + lists + watches + patches + apply + appliesAtTheEdge + deletion + customResources
        + intOrString + defaults + documents + answers
}

/// Where the server is, and how it is talked to.
public struct APIServerUnderTest: Sendable {
    /// The way there.
    public var transport: any HTTPTransport
    /// Its URL.
    public var server: HTTPURL
    /// The value of `Authorization`.
    public var authorization: String?
    /// Makes the names of a run its own.
    public var run: String
    /// How it is made to forget.
    public var disturbance: ServerDisturbance

    /// A server.
    public init(
        transport: any HTTPTransport,
        server: HTTPURL,
        authorization: String? = nil,
        run: String,
        disturbance: ServerDisturbance = .none
    ) {
        self.transport = transport
        self.server = server
        self.authorization = authorization
        self.run = run
        self.disturbance = disturbance
    }
}

/// What a server did in place of what the rule demands.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What happened.
    public var description: String

    init(_ text: String, line: UInt = #line) { description = "line \(line): \(text)" }
}

/// One case's conversation with a server.
final class APISession: Sendable {
    /// An answer.
    struct Answer: Sendable {
        var status: Int
        var json: JSONValue
        var text: String
        var headers: HTTPFields

        var reason: String { json["reason"]?.string ?? "" }
        var message: String { json["message"]?.string ?? text }
        var version: String { json[path: "metadata", "resourceVersion"]?.string ?? "" }
        var uid: String { json[path: "metadata", "uid"]?.string ?? "" }
        var generation: Int64 { json[path: "metadata", "generation"]?.integer ?? 0 }
    }

    let server: APIServerUnderTest
    /// The case's own namespace, and a prefix for names of the cluster.
    let namespace: String

    init(_ server: APIServerUnderTest, label: String) {
        self.server = server
        // FNV-1a: stable over runs and processes, unlike `Hasher`.
        let hash = label.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        namespace = "c-\(server.run)-" + String(hash, radix: 36)
    }

    func makeNamespace() async throws {
        let answer = try await create(
            "/api/v1/namespaces",
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]]
        )
        try expect(answer.status == 201, "namespace: \(answer.message)")
    }

    func removeNamespace() async {
        _ = try? await call(.delete, "/api/v1/namespaces/\(namespace)")
    }

    // MARK: Paths

    func path(
        _ resource: String,
        _ name: String? = nil,
        _ subresource: String? = nil,
        api: String = "/api/v1"
    ) -> String {
        "\(api)/namespaces/\(namespace)/\(resource)" + (name.map { "/" + $0 } ?? "")
            + (subresource.map { "/" + $0 } ?? "")
    }

    func configMaps(_ name: String? = nil) -> String { path("configmaps", name) }
    func deployments(_ name: String? = nil, _ subresource: String? = nil) -> String {
        path("deployments", name, subresource, api: "/apis/apps/v1")
    }

    // MARK: Requests

    func call(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ query: [(String, String)] = [],
        body: JSONValue? = nil,
        raw: [UInt8]? = nil,
        type: String = "application/json",
        accept: String = "application/json"
    ) async throws -> Answer {
        let bytes = raw ?? body?.canonicalBytes
        return try await server.transport.withResponse(
            to: request(method, path, query, bytes == nil ? nil : type, accept),
            body: bytes.map { .bytes($0) },
            timeouts: .call
        ) { response, chunks in
            let bytes = try await chunks.collect(upTo: 64 << 20)
            return Answer(
                status: response.status.code,
                json: (try? JSONValue(parsing: bytes)) ?? .null,
                text: String(decoding: bytes, as: UTF8.self),
                headers: response.headerFields
            )
        }
    }

    private func request(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ query: [(String, String)],
        _ type: String?,
        _ accept: String
    ) -> HTTPRequest {
        var url = server.server
        url.path = path
        url.query = query.isEmpty ? nil : HTTPURL.query(query)
        var request = url.request(method, [.accept: accept, .userAgent: "conformance/1"])
        request.headerFields[.authorization] = server.authorization
        request.headerFields[.contentType] = type
        return request
    }

    func get(_ path: String, _ query: [(String, String)] = []) async throws -> Answer {
        try await call(.get, path, query)
    }

    func create(
        _ path: String,
        _ object: JSONValue,
        manager: String = "creator",
        dryRun: Bool = false
    ) async throws -> Answer {
        try await call(.post, path, [("fieldManager", manager)] + (dryRun ? [("dryRun", "All")] : []), body: object)
    }

    func put(_ path: String, _ object: JSONValue, manager: String = "updater") async throws -> Answer {
        try await call(.put, path, [("fieldManager", manager)], body: object)
    }

    func patch(
        _ path: String,
        _ patch: JSONValue,
        type: String = "application/merge-patch+json",
        manager: String = "patcher"
    ) async throws -> Answer {
        try await call(.patch, path, [("fieldManager", manager)], body: patch, type: type)
    }

    func apply(
        _ path: String,
        _ object: JSONValue,
        manager: String = "applier",
        force: Bool = false,
        dryRun: Bool = false
    ) async throws -> Answer {
        let query =
            [("fieldManager", manager), ("force", force ? "true" : "false")] + (dryRun ? [("dryRun", "All")] : [])
        return try await call(.patch, path, query, body: object, type: "application/apply-patch+yaml")
    }

    /// Waits for what the controllers of the cluster bring about.
    ///
    /// A real cluster's are allowed 20 requests a second, and every case leaves them a namespace to empty.
    func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await !holds() {
            guard ContinuousClock.now < deadline else { throw ConformanceFailure("not within 120 s: \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: Watches

    /// Reads events of a watch until `isEnough` of them have come, and leaves.
    func watch(
        _ path: String,
        _ query: [(String, String)] = [],
        until isEnough: @Sendable ([JSONValue]) -> Bool
    ) async throws -> [JSONValue] {
        try await watch(path, query, { _ in }, until: isEnough)
    }

    /// The same, with something to do as soon as the watch is open.
    func watch(
        _ path: String,
        _ query: [(String, String)] = [],
        _ whenOpen: @Sendable (APISession) async throws -> Void,
        until isEnough: @Sendable ([JSONValue]) -> Bool
    ) async throws -> [JSONValue] {
        let query = query + [("watch", "true"), ("timeoutSeconds", "20")]
        return try await server.transport.withResponse(
            to: request(.get, path, query, nil, "application/json"),
            body: nil,
            timeouts: HTTPTimeouts(head: .seconds(30), idleRead: .seconds(30))
        ) { response, chunks in
            guard response.status.code == 200 else {
                let text = String(decoding: try await chunks.collect(upTo: 1 << 20), as: UTF8.self)
                throw ConformanceFailure("watch: HTTP \(response.status.code) \(text)")
            }
            try await whenOpen(self)
            var events: [JSONValue] = []
            var partial: [UInt8] = []
            for try await chunk in chunks {
                partial += chunk
                while let end = partial.firstIndex(of: 0x0A) {
                    events.append(try JSONValue(parsing: Array(partial[..<end])))
                    partial.removeSubrange(...end)
                }
                if isEnough(events) { return events }
            }
            throw ConformanceFailure("the watch ended after \(events.map { $0["type"]?.string ?? "" })")
        }
    }

    // MARK: Objects

    func configMap(_ name: String, _ data: [String: String] = ["a": "1"], labels: [String: String] = [:]) -> JSONValue {
        var metadata: JSONValue = ["name": .string(name)]
        if !labels.isEmpty { metadata["labels"] = labels.json }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data.json]
    }

    func deployment(_ name: String, image: String = "example.com/app:1", replicas: Int64? = nil) -> JSONValue {
        var spec: JSONValue = [
            "selector": ["matchLabels": ["app": "x"]],
            "template": [
                "metadata": ["labels": ["app": "x"]],
                "spec": ["containers": [["name": "app", "image": .string(image)]]],
            ],
        ]
        if let replicas { spec["replicas"] = .integer(replicas) }
        return ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)], "spec": spec]
    }

    func pod(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
            "spec": [
                "containers": [["name": "c", "image": "i:1"]], "terminationGracePeriodSeconds": 7,
                "automountServiceAccountToken": false,
            ],
        ]
    }

    /// Pods need one; where a controller-manager runs, it makes it too.
    func makeServiceAccount() async throws {
        let account: JSONValue = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]]
        let answer = try await create(path("serviceaccounts"), account)
        try expect(answer.status == 201 || answer.status == 409, answer.message)
    }

    func service(_ name: String, _ spec: JSONValue) -> JSONValue {
        ["apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)], "spec": spec]
    }
}

func expect(_ condition: Bool, _ text: @autoclosure () -> String, line: UInt = #line) throws {
    guard condition else { throw ConformanceFailure(text(), line: line) }
}

func expect(_ answer: APISession.Answer, _ status: Int, _ reason: String = "", line: UInt = #line) throws {
    guard answer.status == status, reason.isEmpty || answer.reason == reason else {
        throw ConformanceFailure(
            "HTTP \(status) \(reason) expected, got \(answer.status) \(answer.reason): \(answer.message)",
            line: line
        )
    }
}

func expect(_ found: JSONValue?, is wanted: JSONValue?, _ what: String = "", line: UInt = #line) throws {
    guard found == wanted else {
        throw ConformanceFailure(
            "\(what): \(wanted?.canonicalText ?? "nothing") expected, got \(found?.canonicalText ?? "nothing")",
            line: line
        )
    }
}

extension JSONValue {
    subscript(path names: String...) -> JSONValue? { names.reduce(self as JSONValue?) { $0?[$1] } }

    /// The names of the objects in a list.
    var itemNames: [String] { (self["items"]?.array ?? []).compactMap { $0[path: "metadata", "name"]?.string } }

    /// The fields of a manager, as FieldsV1.
    func fields(of manager: String, operation: String? = nil) -> JSONValue? {
        (self[path: "metadata", "managedFields"]?.array ?? []).first {
            $0["manager"]?.string == manager && (operation == nil || $0["operation"]?.string == operation)
        }?["fieldsV1"]
    }
}
