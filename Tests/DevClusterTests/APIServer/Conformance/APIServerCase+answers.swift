import HTTPTypes
import JSON

extension APIServerCase {
    private static let otherUID: JSONValue = "5f1d0c4e-0000-4000-8000-000000000000"

    /// What a server says to requests that are not quite right.
    static let answers: [APIServerCase] = [
        APIServerCase("a failure is a Status with the code of the answer") { api in
            let answer = try await api.get(api.configMaps("absent"))
            try expect(answer.json["kind"], is: "Status")
            try expect(answer.json["apiVersion"], is: "v1")
            try expect(answer.json["status"], is: "Failure")
            try expect(answer.json["code"], is: 404)
            try expect(answer.json[path: "details", "kind"], is: "configmaps")
        },
        APIServerCase("a method that a path does not know is 405") { api in
            let merge = "application/merge-patch+json"
            try expect(try await api.put(api.configMaps(), api.configMap("a")), 405, "MethodNotAllowed")
            try expect(try await api.patch(api.configMaps(), [:], type: merge), 405, "MethodNotAllowed")
            try expect(try await api.create(api.configMaps("a"), api.configMap("a")), 405, "MethodNotAllowed")
        },
        APIServerCase("a form that the server does not speak is 406") { api in
            for form in ["text/html", "application/json;as=Thing;v=v1;g=example.com"] {
                let answer = try await api.call(.get, api.configMaps(), accept: form)
                try expect(answer, 406, "NotAcceptable")
            }
        },
        APIServerCase("a body of an unknown type is 415") { api in
            let answer = try await api.call(.post, api.configMaps(), body: api.configMap("a"), type: "text/plain")
            try expect(answer, 415, "UnsupportedMediaType")
        },
        APIServerCase("numbers in a query are numbers, or it is 400") { api in
            for query in [("limit", "abc"), ("timeoutSeconds", "abc")] {
                try expect(try await api.get(api.configMaps(), [query]), 400, "BadRequest")
            }
        },
        APIServerCase("a match of a version is one of two, and exact needs a version") { api in
            let unknown = [("resourceVersionMatch", "Other"), ("resourceVersion", "5")]
            try expect(try await api.get(api.configMaps(), unknown), 422, "Invalid")
            let zero = [("resourceVersionMatch", "Exact"), ("resourceVersion", "0")]
            let answer = try await api.get(api.configMaps(), zero)
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "resourceVersionMatch")
        },
        APIServerCase("an object is not read at a version from the future") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.get(api.configMaps("a"), [("resourceVersion", "999999999")])
            try expect(answer, 504, "Timeout")
            try expect(answer.json[path: "details", "causes"]?[0]?["reason"], is: "ResourceVersionTooLarge")
        },
        APIServerCase("options that are none are 422 with their field") { api in
            let map = api.configMap("a")
            let dryRun = try await api.call(.post, api.configMaps(), [("dryRun", "Some")], body: map)
            try expect(dryRun, 422, "Invalid")
            try expect(dryRun.json[path: "details", "causes"]?[0]?["field"], is: "dryRun")
            let manager = try await api.create(api.configMaps(), map, manager: String(repeating: "m", count: 129))
            try expect(manager, 422, "Invalid")
            try expect(manager.json[path: "details", "causes"]?[0]?["field"], is: "fieldManager")
            _ = try await api.create(api.configMaps(), map)
            let policy = try await api.call(.delete, api.configMaps("a"), [("propagationPolicy", "Other")])
            try expect(policy, 422, "Invalid")
            try expect(policy.json[path: "details", "causes"]?[0]?["field"], is: "propagationPolicy")
        },
        APIServerCase("labels and annotations have to be well formed") { api in
            for (metadata, field): (JSONValue, String) in [
                (["name": "a", "labels": ["a": "b c"]], "metadata.labels"),
                (["name": "a", "labels": ["a b": "c"]], "metadata.labels"),
                (["name": "a", "labels": ["a": .string(String(repeating: "b", count: 64))]], "metadata.labels"),
                (["name": "a", "annotations": ["a b": "c"]], "metadata.annotations"),
                (["name": "a", "finalizers": ["unqualified"]], "metadata.finalizers[0]"),
            ] {
                var map = api.configMap("a")
                map["metadata"] = metadata
                let answer = try await api.create(api.configMaps(), map)
                try expect(answer, 422, "Invalid")
                try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: .string(field))
            }
        },
        APIServerCase("the keys of a ConfigMap have to be well formed") { api in
            let answer = try await api.create(api.configMaps(), api.configMap("a", ["a/b": "c"]))
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "data[a/b]")
        },
        APIServerCase("an owner has a uid, and one of the owners is the controller") { api in
            func owner(_ name: JSONValue, _ uid: JSONValue) -> JSONValue {
                ["apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "controller": true]
            }
            for (owners, field): (JSONValue, String) in [
                ([owner("x", "")], "metadata.ownerReferences.uid"),
                ([owner("x", "1"), owner("y", "2")], "metadata.ownerReferences"),
            ] {
                var map = api.configMap("a")
                map["metadata"] = ["name": "a", "ownerReferences": owners]
                let answer = try await api.create(api.configMaps(), map)
                try expect(answer, 422, "Invalid")
                try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: .string(field))
            }
        },
        APIServerCase("a uid does not change") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.patch(api.configMaps("a"), ["metadata": ["uid": otherUID]])
            // 422, later 409.
            try expect(answer.status == 422 || answer.status == 409, "\(answer.status) \(answer.message)")
        },
        APIServerCase("a time of a lease has six digits, and its duration is positive") { api in
            let leases = api.path("leases", api: "/apis/coordination.k8s.io/v1")
            func lease(_ spec: JSONValue) -> JSONValue {
                [
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"], "spec": spec,
                ]
            }
            let whole = try await api.create(leases, lease(["renewTime": "2026-01-01T00:00:00Z"]))
            try expect(whole, 400, "BadRequest")
            let zero = try await api.create(leases, lease(["leaseDurationSeconds": 0]))
            try expect(zero, 422, "Invalid")
            try expect(zero.json[path: "details", "causes"]?[0]?["field"], is: "spec.leaseDurationSeconds")
            let good = try await api.create(
                leases,
                lease(["renewTime": "2026-01-01T00:00:00.000000Z", "leaseDurationSeconds": 15])
            )
            try expect(good, 201)
            try expect(good.json[path: "spec", "renewTime"], is: "2026-01-01T00:00:00.000000Z")
        },
        APIServerCase("an event is in the namespace of what it is about") { api in
            let event: JSONValue = [
                "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e"], "reason": "Why", "message": "text",
                "involvedObject": ["kind": "ConfigMap", "namespace": "elsewhere", "name": "a"],
            ]
            let answer = try await api.create(api.path("events"), event)
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "involvedObject.namespace")
        },
        APIServerCase("a namespace that ends takes nothing new") { api in
            var held = api.configMap("held")
            held["metadata"] = ["name": "held", "finalizers": ["example.com/wait"]]
            try expect(try await api.create(api.configMaps(), held), 201)
            let namespace = "/api/v1/namespaces/\(api.namespace)"
            let ended = try await api.call(.delete, namespace)
            try expect(ended, 200)
            try expect(ended.json[path: "status", "phase"], is: "Terminating")
            let late = try await api.create(api.configMaps(), api.configMap("late"))
            let applied = try await api.apply(api.configMaps("late"), api.configMap("late"))
            let released = try await api.patch(api.configMaps("held"), ["metadata": ["finalizers": .null]])
            try expect(late, 403, "Forbidden")
            try expect(late.json[path: "details", "causes"]?[0]?["reason"], is: "NamespaceTerminating")
            try expect(applied, 403, "Forbidden")
            try expect(released, 200)
        },
    ]

    /// What an apply does at its edges.
    static let appliesAtTheEdge: [APIServerCase] = [
        APIServerCase("an apply is YAML, in which a slash is not escaped") { api in
            func apply(_ text: String) async throws -> APISession.Answer {
                try await api.call(
                    .patch,
                    api.configMaps("a"),
                    [("fieldManager", "applier")],
                    raw: Array(text.utf8),
                    type: "application/apply-patch+yaml"
                )
            }
            let escaped = try await apply(
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"b\/c"}}"#
            )
            try expect(escaped, 400, "BadRequest")
            try expect(escaped.message.contains("unknown escape character"), escaped.message)
            let yaml = try await apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b/c\n")
            try expect(yaml, 201)
            try expect(yaml.json["data"], is: ["a": "b/c"])
        },
        APIServerCase("an apply with another uid is refused and creates nothing") { api in
            var map = api.configMap("a")
            map["metadata"] = ["name": "a", "uid": otherUID]
            // 422, later 409.
            let absent = try await api.apply(api.configMaps("a"), map)
            try expect(absent.status == 422 || absent.status == 409, "\(absent.status) \(absent.message)")
            try expect(try await api.get(api.configMaps("a")), 404)
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let present = try await api.apply(api.configMaps("a"), map)
            try expect(present.status == 422 || present.status == 409, "\(present.status) \(present.message)")
        },
        APIServerCase("an apply with a version creates what is absent, in 1.20", onCurrent: false) { api in
            var map = api.configMap("a")
            map["metadata"] = ["name": "a", "resourceVersion": "5"]
            try expect(try await api.apply(api.configMaps("a"), map), 201)
        },
        APIServerCase("managers can be cleared, and what was there then belongs to one of no name") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let cleared = try await api.patch(api.configMaps("a"), ["metadata": ["managedFields": [[:]]]])
            try expect(cleared, 200)
            try expect(cleared.json[path: "metadata", "managedFields"], is: nil)
            let applied = try await api.apply(api.configMaps("a"), api.configMap("a", ["b": "1"]))
            try expect(applied.json.fields(of: "applier"), is: ["f:data": ["f:b": [:]]])
            try expect(
                applied.json.fields(of: "before-first-apply", operation: "Update")?["f:data"]?["f:a"],
                is: [:]
            )
        },
        APIServerCase("a JSON patch of unknown operations is 422, one that is no list is 400") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let type = "application/json-patch+json"
            let unknown: JSONValue = [["op": "frob", "path": "/data/a", "value": "1"]]
            try expect(try await api.patch(api.configMaps("a"), unknown, type: type), 422, "Invalid")
            let absent: JSONValue = [["op": "test", "path": "/data/absent", "value": "1"]]
            try expect(try await api.patch(api.configMaps("a"), absent, type: type), 422, "Invalid")
            let object: JSONValue = ["op": "test"]
            try expect(try await api.patch(api.configMaps("a"), object, type: type), 400, "BadRequest")
        },
    ]
}
