import HTTPTypes
import JSON

extension APIServerCase {
    /// What becomes of objects whose owners go. Needs the controllers of a cluster beside the API server.
    public static let garbageCollection: [APIServerCase] = [
        APIServerCase("what is owned goes with its owner") { api in
            let owner = try await makeOwner(api, "owner")
            try await makeOwned(api, "owned", by: [owner])
            _ = try await api.create(api.configMaps(), api.configMap("free"))
            try expect(try await api.call(.delete, api.configMaps("owner")), 200)
            try await api.eventually("owned is collected") { try await api.get(api.configMaps("owned")).status == 404 }
            try expect(try await api.get(api.configMaps("free")), 200)
        },
        APIServerCase("what has a second owner stays, and forgets the first") { api in
            let first = try await makeOwner(api, "first")
            let second = try await makeOwner(api, "second")
            try await makeOwned(api, "owned", by: [first, second])
            try expect(try await api.call(.delete, api.configMaps("first")), 200)
            try await api.eventually("only the second owner is left") {
                let owners = try await api.get(api.configMaps("owned")).json[path: "metadata", "ownerReferences"]
                return owners?.array?.count == 1 && owners?[0]?["name"] == "second"
            }
            try expect(try await api.call(.delete, api.configMaps("second")), 200)
            try await api.eventually("owned is collected") { try await api.get(api.configMaps("owned")).status == 404 }
        },
        APIServerCase("an orphan stays and has no owner any more") { api in
            let owner = try await makeOwner(api, "owner")
            try await makeOwned(api, "owned", by: [owner])
            let answer = try await api.call(.delete, api.configMaps("owner"), [("propagationPolicy", "Orphan")])
            try expect(answer, 200)
            try await api.eventually("the owner is gone") { try await api.get(api.configMaps("owner")).status == 404 }
            let orphan = try await api.get(api.configMaps("owned"))
            try expect(orphan, 200)
            try expect(orphan.json[path: "metadata", "ownerReferences"], is: nil)
        },
        APIServerCase("an owner deleted in the foreground waits for those that block it") { api in
            let owner = try await makeOwner(api, "owner")
            try await makeOwned(api, "held", by: [owner], finalizers: ["example.com/wait"])
            let answer = try await api.call(.delete, api.configMaps("owner"), [("propagationPolicy", "Foreground")])
            try expect(answer, 200)
            try await api.eventually("the owned object is on its way") {
                try await api.get(api.configMaps("held")).json[path: "metadata", "deletionTimestamp"] != nil
            }
            try expect(try await api.get(api.configMaps("owner")), 200)
            _ = try await api.patch(api.configMaps("held"), ["metadata": ["finalizers": .null]])
            try await api.eventually("the owner follows") { try await api.get(api.configMaps("owner")).status == 404 }
        },
        APIServerCase("what names an owner that is not there is collected") { api in
            try await makeOwned(api, "owned", by: [("absent", "5f1d0c4e-0000-4000-8000-000000000000")])
            try await api.eventually("owned is collected") { try await api.get(api.configMaps("owned")).status == 404 }
        },
        APIServerCase("a namespace goes with all that is in it") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(try await api.call(.delete, "/api/v1/namespaces/\(api.namespace)"), 200)
            try await api.eventually("the namespace is gone") {
                try await api.get("/api/v1/namespaces/\(api.namespace)").status == 404
            }
            try expect(try await api.get(api.configMaps("a")), 404)
        },
    ]

    private static func makeOwner(_ api: APISession, _ name: String) async throws -> (name: String, uid: String) {
        let owner = try await api.create(api.configMaps(), api.configMap(name))
        try expect(owner, 201)
        return (name, owner.uid)
    }

    private static func makeOwned(
        _ api: APISession,
        _ name: String,
        by owners: [(name: String, uid: String)],
        finalizers: [String] = []
    ) async throws {
        let references: [JSONValue] = owners.map {
            [
                "apiVersion": "v1", "kind": "ConfigMap", "name": .string($0.name), "uid": .string($0.uid),
                "blockOwnerDeletion": true,
            ]
        }
        var map = api.configMap(name)
        map["metadata"] = [
            "name": .string(name), "ownerReferences": .array(references),
            "finalizers": .array(finalizers.map { .string($0) }),
        ]
        try expect(try await api.create(api.configMaps(), map), 201)
    }
}
