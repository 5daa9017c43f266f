import HTTPTypes
import JSON

extension APIServerCase {
    static let objects: [APIServerCase] = [
        APIServerCase("a created object has uid, version and creation time") { api in
            let created = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(created, 201)
            try expect(!created.uid.isEmpty && !created.version.isEmpty, "no uid or version")
            try expect(created.json[path: "metadata", "creationTimestamp"]?.string != nil, "no creation time")
            let read = try await api.get(api.configMaps("a"))
            try expect(read, 200)
            try expect(read.json["data"], is: ["a": "1"])
            try expect(read.version == created.version, "the version differs")
        },
        APIServerCase("an absent object is 404 NotFound with its resource in the details") { api in
            let answer = try await api.get(api.configMaps("absent"))
            try expect(answer, 404, "NotFound")
            try expect(answer.message == #"configmaps "absent" not found"#, answer.message)
            try expect(answer.json[path: "details", "kind"], is: "configmaps")
            try expect(answer.json[path: "details", "name"], is: "absent")
        },
        APIServerCase("a second creation of a name is 409 AlreadyExists") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(try await api.create(api.configMaps(), api.configMap("a")), 409, "AlreadyExists")
        },
        APIServerCase("creation in an absent namespace is 404") { api in
            let answer = try await api.create(
                "/api/v1/namespaces/absent-\(api.namespace)/configmaps",
                api.configMap("a")
            )
            try expect(answer, 404, "NotFound")
            try expect(answer.message.hasPrefix("namespaces"), answer.message)
        },
        APIServerCase("generateName makes different names") { api in
            var object = api.configMap("")
            object["metadata"] = ["generateName": "made-"]
            let first = try await api.create(api.configMaps(), object)
            let second = try await api.create(api.configMaps(), object)
            let names = [first, second].compactMap { $0.json[path: "metadata", "name"]?.string }
            try expect(names.count == 2 && names[0] != names[1], "\(names)")
            try expect(names.allSatisfy { $0.hasPrefix("made-") && $0.count == 10 }, "\(names)")
        },
        APIServerCase("an invalid name is 422 with the field in the causes") { api in
            let answer = try await api.create(api.configMaps(), api.configMap("Not_A_Name"))
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "metadata.name")
            try expect(answer.json[path: "details", "causes"]?[0]?["reason"], is: "FieldValueInvalid")
        },
        APIServerCase("creation with a resource version is refused") { api in
            var object = api.configMap("a")
            object["metadata"] = ["name": "a", "resourceVersion": "1"]
            let answer = try await api.create(api.configMaps(), object)
            try expect(answer.status >= 400, "accepted: \(answer.status)")
            try expect(answer.message.contains("resourceVersion should not be set"), answer.message)
        },
        APIServerCase("a document of another kind is refused") { api in
            var object = api.configMap("a")
            object["kind"] = "Secret"
            try expect(try await api.create(api.configMaps(), object), 400, "BadRequest")
        },
        APIServerCase("a namespace that contradicts the URL is refused") { api in
            var object = api.configMap("a")
            object["metadata"] = ["name": "a", "namespace": "default"]
            try expect(try await api.create(api.configMaps(), object), 400, "BadRequest")
        },
        APIServerCase("a dry run of a creation stores nothing") { api in
            let answer = try await api.create(api.configMaps(), api.configMap("a"), dryRun: true)
            try expect(answer, 201)
            try expect(!answer.uid.isEmpty, "no uid")
            try expect(try await api.get(api.configMaps("a")), 404)
        },
        APIServerCase("a body that is not JSON is 400") { api in
            let answer = try await api.call(.post, api.configMaps(), body: "text")
            try expect(answer, 400, "BadRequest")
        },
        APIServerCase("a member of the wrong type is 400") { api in
            var object = api.deployment("a")
            object["spec"]?["replicas"] = "three"
            try expect(try await api.create(api.deployments(), object), 400, "BadRequest")
        },
        APIServerCase("an unknown member of a built-in kind is dropped") { api in
            var object = api.configMap("a")
            object["nonsense"] = ["x": 1]
            let answer = try await api.create(api.configMaps(), object)
            try expect(answer, 201)
            try expect(answer.json["nonsense"], is: nil)
        },
        APIServerCase("fieldValidation=Strict refuses unknown members", on1_20: false) { api in
            var object = api.configMap("a")
            object["nonsense"] = ["x": 1]
            let answer = try await api.call(.post, api.configMaps(), [("fieldValidation", "Strict")], body: object)
            try expect(answer, 400, "BadRequest")
            try expect(answer.message.contains(#"unknown field "nonsense""#), answer.message)
        },
        APIServerCase("stringData of a Secret becomes data") { api in
            let secret: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "stringData": ["k": "text"],
            ]
            let answer = try await api.create(api.path("secrets"), secret)
            try expect(answer.json["data"], is: ["k": "dGV4dA=="])
            try expect(answer.json["stringData"], is: nil)
            try expect(answer.json["type"], is: "Opaque")
        },
    ]

    static let updates: [APIServerCase] = [
        APIServerCase("an update with an old version is 409 Conflict") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            var changed = first.json
            changed["data"] = ["a": "2"]
            let second = try await api.put(api.configMaps("a"), changed)
            try expect(second, 200)
            try expect(second.version != first.version, "the version did not change")
            changed["data"] = ["a": "3"]
            let stale = try await api.put(api.configMaps("a"), changed)
            try expect(stale, 409, "Conflict")
            try expect(stale.message.contains("the object has been modified"), stale.message)
        },
        APIServerCase("an update without a version is unconditional") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.put(api.configMaps("a"), api.configMap("a", ["b": "2"]))
            try expect(answer, 200)
            try expect(answer.json["data"], is: ["b": "2"])
        },
        APIServerCase("an update with another uid is 409") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            var other = api.configMap("a")
            other["metadata"] = ["name": "a", "uid": "5f1d0c4e-0000-4000-8000-000000000000"]
            try expect(try await api.put(api.configMaps("a"), other), 409, "Conflict")
        },
        APIServerCase("an update that changes nothing keeps the version") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            let second = try await api.put(api.configMaps("a"), first.json, manager: "creator")
            try expect(second.version == first.version, "the version changed")
        },
        APIServerCase("an update of an absent object is 404") { api in
            try expect(try await api.put(api.configMaps("absent"), api.configMap("absent")), 404, "NotFound")
        },
        APIServerCase("a name that contradicts the URL is 400") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            try expect(try await api.put(api.configMaps("a"), api.configMap("b")), 400, "BadRequest")
        },
        APIServerCase("only a change of the spec or of annotations is a new generation of a Deployment") { api in
            let first = try await api.create(api.deployments(), api.deployment("d", replicas: 1))
            try expect(first.generation == 1, "generation \(first.generation)")
            let labelled = try await api.patch(api.deployments("d"), ["metadata": ["labels": ["x": "y"]]])
            try expect(labelled.generation == 1, "a label made generation \(labelled.generation)")
            let scaled = try await api.patch(api.deployments("d"), ["spec": ["replicas": 2]])
            try expect(scaled.generation == 2, "generation \(scaled.generation)")
            let annotated = try await api.patch(api.deployments("d"), ["metadata": ["annotations": ["x": "y"]]])
            try expect(annotated.generation == 3, "generation \(annotated.generation)")
        },
        APIServerCase("status changes only through its subresource, which changes nothing else") { api in
            let created = try await api.create(api.deployments(), api.deployment("d", replicas: 1))
            // Without versions: the controller of a whole cluster writes the status too.
            var both = created.json
            both["metadata"] = ["name": "d"]
            both["spec"]?["replicas"] = 5
            both["status"] = ["replicas": 3, "observedGeneration": 1]
            let status = try await api.put(api.deployments("d", "status"), both)
            try expect(status, 200)
            try expect(status.json[path: "spec", "replicas"], is: 1)
            try expect(status.json[path: "status", "replicas"], is: 3)
            try expect(status.generation == 1, "generation \(status.generation)")
            both["status"] = ["replicas": 9]
            let whole = try await api.put(api.deployments("d"), both)
            try expect(whole.json[path: "spec", "replicas"], is: 5)
            try expect(whole.json[path: "status", "replicas"] != 9, "the status was written with the spec")
        },
        APIServerCase("the selector of a Deployment is immutable") { api in
            _ = try await api.create(api.deployments(), api.deployment("d"))
            var other = api.deployment("d")
            other["spec"]?["selector"] = ["matchLabels": ["app": "y"]]
            other["spec"]?["template"]?["metadata"] = ["labels": ["app": "y"]]
            let answer = try await api.put(api.deployments("d"), other)
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "spec.selector")
            try expect(answer.message.contains("field is immutable"), answer.message)
        },
        APIServerCase("an immutable ConfigMap stays as it is") { api in
            var object = api.configMap("a")
            object["immutable"] = true
            _ = try await api.create(api.configMaps(), object)
            object["data"] = ["a": "2"]
            try expect(try await api.put(api.configMaps("a"), object), 422, "Invalid")
        },
        APIServerCase("a lease is not updated without its version") { api in
            let leases = api.path("leases", api: "/apis/coordination.k8s.io/v1")
            let lease: JSONValue = [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"],
                "spec": [
                    "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.123456Z",
                ],
            ]
            let created = try await api.create(leases, lease)
            try expect(created, 201)
            try expect(created.json[path: "spec", "renewTime"], is: "2026-01-02T03:04:05.123456Z")
            try expect(try await api.put(leases + "/l", lease), 422, "Invalid")
            var released = created.json
            released["spec"]?["holderIdentity"] = ""
            let empty = try await api.put(leases + "/l", released)
            try expect(empty, 200)
            try expect(empty.json[path: "spec", "holderIdentity"], is: "")
            try expect(try await api.put(leases + "/l", released), 409, "Conflict")
        },
        APIServerCase("the data of a ControllerRevision is immutable, its number is not") { api in
            let revisions = api.path("controllerrevisions", api: "/apis/apps/v1")
            var object: JSONValue = [
                "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": ["name": "r"],
                "data": ["any": ["thing": [1, 2]]], "revision": 1,
            ]
            try expect(try await api.create(revisions, object), 201)
            object["revision"] = 2
            try expect(try await api.put(revisions + "/r", object), 200)
            object["data"] = ["other": true]
            try expect(try await api.put(revisions + "/r", object), 422, "Invalid")
        },
        APIServerCase("the scale subresource changes the replicas") { api in
            _ = try await api.create(api.deployments(), api.deployment("d", replicas: 1))
            let scale = try await api.get(api.deployments("d", "scale"))
            try expect(scale.json["kind"], is: "Scale")
            try expect(scale.json[path: "status", "selector"], is: "app=x")
            try expect(try await api.patch(api.deployments("d", "scale"), ["spec": ["replicas": 4]]), 200)
            try expect(try await api.get(api.deployments("d")).json[path: "spec", "replicas"], is: 4)
        },
    ]
}
