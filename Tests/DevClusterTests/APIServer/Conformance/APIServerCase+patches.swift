import HTTPTypes
import JSON

extension APIServerCase {
    private static let jsonPatch = "application/json-patch+json"
    private static let strategicPatch = "application/strategic-merge-patch+json"

    static let patches: [APIServerCase] = [
        APIServerCase("a merge patch sets, replaces and removes members") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a", ["a": "1", "b": "2"]))
            let answer = try await api.patch(api.configMaps("a"), ["data": ["a": .null, "c": "3"]])
            try expect(answer, 200)
            try expect(answer.json["data"], is: ["b": "2", "c": "3"])
        },
        APIServerCase("a patch that changes nothing keeps the version") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            let second = try await api.patch(api.configMaps("a"), ["data": ["a": "1"]])
            try expect(second.version == first.version, "the version changed")
        },
        APIServerCase("a patch with an old version is 409") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.patch(api.configMaps("a"), ["data": ["a": "2"]])
            let stale = try await api.patch(
                api.configMaps("a"),
                ["metadata": ["resourceVersion": .string(first.version)], "data": ["a": "3"]]
            )
            try expect(stale, 409, "Conflict")
        },
        APIServerCase("a JSON patch adds, replaces, removes, moves and copies") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a", ["a": "1", "b/c": "2"]))
            let answer = try await api.patch(
                api.configMaps("a"),
                [
                    ["op": "test", "path": "/data/a", "value": "1"], ["op": "add", "path": "/data/d", "value": "4"],
                    ["op": "replace", "path": "/data/a", "value": "5"],
                    ["op": "copy", "from": "/data/a", "path": "/data/e"],
                    ["op": "move", "from": "/data/d", "path": "/data/f"],
                ],
                type: jsonPatch
            )
            // The key with a slash is not a valid one: nothing of the object exists.
            try expect(answer, 404)
            _ = try await api.create(api.configMaps(), api.configMap("b", ["a": "1", "b": "2"]))
            let second = try await api.patch(
                api.configMaps("b"),
                [
                    ["op": "test", "path": "/data/a", "value": "1"], ["op": "add", "path": "/data/d", "value": "4"],
                    ["op": "replace", "path": "/data/a", "value": "5"],
                    ["op": "copy", "from": "/data/a", "path": "/data/e"],
                    ["op": "move", "from": "/data/d", "path": "/data/f"], ["op": "remove", "path": "/data/b"],
                    ["op": "add", "path": "/metadata/annotations", "value": ["x.example/y": "1"]],
                    ["op": "replace", "path": "/metadata/annotations/x.example~1y", "value": "2"],
                ],
                type: jsonPatch
            )
            try expect(second, 200)
            try expect(second.json["data"], is: ["a": "5", "e": "5", "f": "4"])
            try expect(second.json[path: "metadata", "annotations"], is: ["x.example/y": "2"])
        },
        APIServerCase("a JSON patch whose test fails changes nothing and is 422") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.patch(
                api.configMaps("a"),
                [["op": "add", "path": "/data/b", "value": "2"], ["op": "test", "path": "/data/a", "value": "9"]],
                type: jsonPatch
            )
            try expect(answer, 422, "Invalid")
            try expect(try await api.get(api.configMaps("a")).version == first.version, "the object changed")
        },
        APIServerCase("a JSON patch that removes what is not there is 422") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.patch(
                api.configMaps("a"),
                [["op": "remove", "path": "/data/zz"]],
                type: jsonPatch
            )
            try expect(answer, 422, "Invalid")
        },
        APIServerCase("a strategic patch merges containers and environment by name") { api in
            _ = try await api.create(api.deployments(), api.deployment("d"))
            let answer = try await api.patch(
                api.deployments("d"),
                [
                    "spec": [
                        "template": [
                            "spec": [
                                "containers": [
                                    ["name": "app", "env": [["name": "A", "value": "1"]]],
                                    ["name": "side", "image": "side:1"],
                                ]
                            ]
                        ]
                    ]
                ],
                type: strategicPatch
            )
            try expect(answer, 200)
            let containers = answer.json[path: "spec", "template", "spec", "containers"]?.array ?? []
            try expect(containers.count == 2, "\(containers.count) containers")
            let app = containers.first { $0["name"] == "app" }
            try expect(app?["image"], is: "example.com/app:1")
            try expect(app?["env"], is: [["name": "A", "value": "1"]])
        },
        APIServerCase("a strategic patch deletes an element by its key") { api in
            var object = api.deployment("d")
            object["spec"]?["template"]?["spec"] = [
                "containers": [["name": "app", "image": "a:1"], ["name": "side", "image": "b:1"]]
            ]
            _ = try await api.create(api.deployments(), object)
            let answer = try await api.patch(
                api.deployments("d"),
                ["spec": ["template": ["spec": ["containers": [["name": "side", "$patch": "delete"]]]]]],
                type: strategicPatch
            )
            let names = (answer.json[path: "spec", "template", "spec", "containers"]?.array ?? []).compactMap {
                $0["name"]?.string
            }
            try expect(names == ["app"], "\(names)")
        },
        APIServerCase("a merge patch replaces a list as a whole") { api in
            _ = try await api.create(api.deployments(), api.deployment("d"))
            let answer = try await api.patch(
                api.deployments("d"),
                ["spec": ["template": ["spec": ["containers": [["name": "new", "image": "n:1"]]]]]]
            )
            let names = (answer.json[path: "spec", "template", "spec", "containers"]?.array ?? []).compactMap {
                $0["name"]?.string
            }
            try expect(names == ["new"], "\(names)")
        },
        APIServerCase("an unknown type of patch is 415") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(try await api.patch(api.configMaps("a"), [:], type: "text/plain"), 415, "UnsupportedMediaType")
        },
        APIServerCase("a patch of an absent object is 404") { api in
            try expect(try await api.patch(api.configMaps("absent"), ["data": ["a": "1"]]), 404, "NotFound")
        },
        APIServerCase("a patch cannot rename an object") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.patch(api.configMaps("a"), ["metadata": ["name": "b"]])
            try expect(answer, 400, "BadRequest")
        },
    ]

    static let deletion: [APIServerCase] = [
        APIServerCase("a deletion answers with success and the uid") { api in
            let created = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.call(.delete, api.configMaps("a"))
            try expect(answer, 200)
            try expect(answer.json["status"], is: "Success")
            try expect(answer.json[path: "details", "uid"], is: .string(created.uid))
            try expect(try await api.get(api.configMaps("a")), 404)
        },
        APIServerCase("a deletion with another uid or version is 409") { api in
            let created = try await api.create(api.configMaps(), api.configMap("a"))
            func options(_ preconditions: JSONValue) -> JSONValue {
                ["apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions]
            }
            let other = options(["uid": "5f1d0c4e-0000-4000-8000-000000000000"])
            try expect(try await api.call(.delete, api.configMaps("a"), body: other), 409, "Conflict")
            let old = options(["resourceVersion": "1"])
            try expect(try await api.call(.delete, api.configMaps("a"), body: old), 409, "Conflict")
            let own = options(["uid": .string(created.uid), "resourceVersion": .string(created.version)])
            try expect(try await api.call(.delete, api.configMaps("a"), body: own), 200)
        },
        APIServerCase("an object with a finalizer stays until the finalizer is gone") { api in
            var object = api.configMap("a")
            object["metadata"] = ["name": "a", "finalizers": ["example.com/wait"]]
            _ = try await api.create(api.configMaps(), object)
            let marked = try await api.call(.delete, api.configMaps("a"))
            try expect(marked, 200)
            try expect(marked.json[path: "metadata", "deletionTimestamp"]?.string != nil, "no deletion time")
            let again = try await api.call(.delete, api.configMaps("a"))
            try expect(
                again.json[path: "metadata", "deletionTimestamp"],
                is: marked.json[path: "metadata", "deletionTimestamp"]
            )
            let added = try await api.patch(
                api.configMaps("a"),
                ["metadata": ["finalizers": ["example.com/wait", "example.com/more"]]]
            )
            try expect(added, 422, "Invalid")
            try expect(try await api.patch(api.configMaps("a"), ["metadata": ["finalizers": .null]]), 200)
            try expect(try await api.get(api.configMaps("a")), 404)
        },
        APIServerCase("foreground and orphan deletion leave their finalizers") { api in
            for (name, policy, finalizer) in [("f", "Foreground", "foregroundDeletion"), ("o", "Orphan", "orphan")] {
                _ = try await api.create(api.deployments(), api.deployment(name))
                let answer = try await api.call(.delete, api.deployments(name), [("propagationPolicy", policy)])
                try expect(answer, 200)
                try expect(answer.json[path: "metadata", "finalizers"], is: [.string(finalizer)])
                try expect(answer.generation == 2, "generation \(answer.generation)")
            }
        },
        APIServerCase("a dry run of a deletion deletes nothing") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(try await api.call(.delete, api.configMaps("a"), [("dryRun", "All")]), 200)
            try expect(try await api.get(api.configMaps("a")), 200)
        },
        APIServerCase("a collection is deleted by its selector") { api in
            for (name, label) in [("a", "1"), ("b", "1"), ("c", "2")] {
                _ = try await api.create(api.configMaps(), api.configMap(name, labels: ["l": label]))
            }
            try expect(try await api.call(.delete, api.configMaps(), [("labelSelector", "l=1")]), 200)
            let left = try await api.get(api.configMaps(), [("labelSelector", "l")])
            try expect(left.json.itemNames == ["c"], "\(left.json.itemNames)")
        },
        APIServerCase("an unbound Pod goes at once, a bound one gracefully") { api in
            try await api.makeServiceAccount()
            _ = try await api.create(api.path("pods"), api.pod("a"))
            try expect(try await api.call(.delete, api.path("pods", "a")), 200)
            try expect(try await api.get(api.path("pods", "a")), 404)
            var bound = api.pod("b")
            bound["spec"]?["nodeName"] = "some-node"
            _ = try await api.create(api.path("pods"), bound)
            let marked = try await api.call(.delete, api.path("pods", "b"))
            try expect(marked.json[path: "metadata", "deletionGracePeriodSeconds"], is: 7)
            try expect(try await api.get(api.path("pods", "b")), 200)
            let force: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0]
            try expect(try await api.call(.delete, api.path("pods", "b"), body: force), 200)
            try expect(try await api.get(api.path("pods", "b")), 404)
        },
    ]
}
