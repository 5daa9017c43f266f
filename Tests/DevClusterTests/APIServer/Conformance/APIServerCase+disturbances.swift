import HTTPTypes
import JSON

extension APIServerCase {
    /// What clients meet when a server forgets. They disturb the whole server: it must be theirs alone.
    public static let disturbances: [APIServerCase] = [
        APIServerCase("what is compacted cannot be listed: 410 Expired") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.create(api.configMaps(), api.configMap("b"))
            try await api.server.disturbance.compact()
            let exact = [("resourceVersion", first.version), ("resourceVersionMatch", "Exact")]
            try expect(try await api.get(api.configMaps(), exact), 410, "Expired")
        },
        APIServerCase("a token that is compacted is 410 and brings one that goes on with what is there now") { api in
            for name in ["a", "b"] { _ = try await api.create(api.deployments(), api.deployment(name)) }
            let page = try await api.get(api.deployments(), [("limit", "1")])
            let token = page.json[path: "metadata", "continue"]?.string ?? ""
            _ = try await api.create(api.deployments(), api.deployment("c"))
            try await api.server.disturbance.compact()
            let rest = try await api.get(api.deployments(), [("limit", "10"), ("continue", token)])
            try expect(rest, 410, "Expired")
            let fresh = rest.json[path: "metadata", "continue"]?.string ?? ""
            try expect(!fresh.isEmpty && fresh != token, "no token to go on with")
            let now = try await api.get(api.deployments(), [("limit", "10"), ("continue", fresh)])
            try expect(now, 200)
            try expect(now.json.itemNames == ["b", "c"], "\(now.json.itemNames)")
        },
        APIServerCase("a watch from a version before a restart is 410 Expired, inside a stream that is 200") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.patch(api.configMaps("a"), ["data": ["a": "2"]])
            try await api.server.disturbance.restart()
            let events = try await api.watch(api.configMaps(), [("resourceVersion", first.version)]) { !$0.isEmpty }
            try expect(events[0]["type"], is: "ERROR")
            try expect(events[0][path: "object", "kind"], is: "Status")
            try expect(events[0][path: "object", "code"], is: 410)
            try expect(events[0][path: "object", "reason"], is: "Expired")
        },
        APIServerCase("a watch from the present version goes on after a restart") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try await api.server.disturbance.restart()
            let list = try await api.get(api.configMaps())
            let events = try await api.watch(api.configMaps(), [("resourceVersion", list.version)]) { api in
                _ = try await api.create(api.configMaps(), api.configMap("b"))
            } until: {
                !$0.isEmpty
            }
            try expect(events[0]["type"], is: "ADDED")
            try expect(events[0][path: "object", "metadata", "name"], is: "b")
        },
    ]
}

/// How the server under test is made to forget; not every test may.
public struct ServerDisturbance: Sendable {
    /// Forgets how things were, as etcd's compaction does.
    public var compact: @Sendable () async throws -> Void
    /// Ends the server and starts it again; returns once it is ready.
    public var restart: @Sendable () async throws -> Void

    /// Disturbances of their parts.
    public init(
        compact: @escaping @Sendable () async throws -> Void,
        restart: @escaping @Sendable () async throws -> Void
    ) {
        self.compact = compact
        self.restart = restart
    }

    /// For a server that others use: cases that disturb fail.
    public static let none = ServerDisturbance {
        throw ConformanceFailure("this server may not be disturbed")
    } restart: {
        throw ConformanceFailure("this server may not be disturbed")
    }
}
