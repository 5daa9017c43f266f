import HTTPTypes
import JSON

extension APIServerCase {
    private static func configMap(_ data: JSONValue, _ extra: JSONValue = [:]) -> JSONValue {
        var metadata: JSONValue = ["name": "a"]
        for (name, value) in extra.object ?? [:] { metadata[name] = value }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data]
    }

    private static func workload(_ template: JSONValue, replicas: Int64? = nil) -> JSONValue {
        var spec: JSONValue = [
            "selector": ["matchLabels": ["app": "x"]],
            "template": ["metadata": ["labels": ["app": "x"]], "spec": template],
        ]
        if let replicas { spec["replicas"] = .integer(replicas) }
        return ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "spec": spec]
    }

    private static func containers(_ answer: APISession.Answer) -> [JSONValue] {
        answer.json[path: "spec", "template", "spec", "containers"]?.array ?? []
    }

    static let apply: [APIServerCase] = [
        APIServerCase("an apply creates an object and owns exactly what it sets") { api in
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "1"], ["labels": ["l": "1"]]))
            try expect(answer, 201)
            try expect(
                answer.json.fields(of: "applier"),
                is: ["f:data": ["f:x": [:]], "f:metadata": ["f:labels": ["f:l": [:]]]]
            )
            let entry = answer.json[path: "metadata", "managedFields"]?[0]
            try expect(entry?["operation"], is: "Apply")
            try expect(entry?["apiVersion"], is: "v1")
            try expect(entry?["fieldsType"], is: "FieldsV1")
        },
        APIServerCase("an apply that changes nothing keeps the version and the managers") { api in
            let first = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            let second = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            try expect(second, 200)
            try expect(second.version == first.version, "the version changed")
            try expect(
                second.json[path: "metadata", "managedFields"],
                is: first.json[path: "metadata", "managedFields"]
            )
        },
        APIServerCase("what is not applied any more is removed") { api in
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1", "y": "2"], ["annotations": ["n": "1"]]))
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            try expect(answer.json["data"], is: ["x": "1"])
            try expect(answer.json[path: "metadata", "annotations"], is: nil)
        },
        APIServerCase("fields of others stay") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a", ["other": "1"]))
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            try expect(answer.json["data"], is: ["other": "1", "x": "1"])
            let second = try await api.apply(api.configMaps("a"), configMap([:]))
            try expect(second.json["data"], is: ["other": "1"])
        },
        APIServerCase("a conflict names the other manager and the fields") { api in
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1", "y": "1"]), manager: "first")
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "2", "y": "1"]), manager: "second")
            try expect(answer, 409, "Conflict")
            let causes = answer.json[path: "details", "causes"]
            try expect(causes?[0]?["reason"], is: "FieldManagerConflict")
            try expect(causes?[0]?["field"], is: ".data.x")
            try expect(causes?[0]?["message"], is: #"conflict with "first""#)
            try expect(causes?.array?.count == 1, "\(causes?.canonicalText ?? "")")
            try expect(
                answer.message == #"Apply failed with 1 conflict: conflict with "first": .data.x"#,
                answer.message
            )
        },
        APIServerCase("force takes the fields over") { api in
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1", "y": "1"]), manager: "first")
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "2"]), manager: "second", force: true)
            try expect(answer, 200)
            try expect(answer.json["data"], is: ["x": "2", "y": "1"])
            try expect(answer.json.fields(of: "first"), is: ["f:data": ["f:y": [:]]])
            try expect(answer.json.fields(of: "second"), is: ["f:data": ["f:x": [:]]])
        },
        APIServerCase("equal values are shared, and stay until the last owner lets go") { api in
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1"]), manager: "first")
            try expect(try await api.apply(api.configMaps("a"), configMap(["x": "1"]), manager: "second"), 200)
            let shared = try await api.apply(api.configMaps("a"), configMap([:]), manager: "first")
            try expect(shared.json["data"], is: ["x": "1"])
            let last = try await api.apply(api.configMaps("a"), configMap([:]), manager: "second")
            try expect(last.json["data"]?.object ?? [:] == [:], "\(last.json["data"]?.canonicalText ?? "")")
        },
        APIServerCase("an update takes fields from an applier") { api in
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            let patched = try await api.patch(api.configMaps("a"), ["data": ["x": "2"]])
            try expect(patched.json.fields(of: "patcher"), is: ["f:data": ["f:x": [:]]])
            try expect(patched.json.fields(of: "applier", operation: "Apply")?[path: "f:data", "f:x"], is: nil)
            try expect(try await api.apply(api.configMaps("a"), configMap(["x": "3"])), 409, "Conflict")
        },
        APIServerCase("a conflict with an updater names its API version") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a", ["x": "1"]))
            let answer = try await api.apply(api.configMaps("a"), configMap(["x": "2"]))
            try expect(answer, 409, "Conflict")
            let message = answer.json[path: "details", "causes"]?[0]?["message"]?.string ?? ""
            try expect(message == #"conflict with "creator" using v1"#, message)
        },
        APIServerCase("an apply with an old version is 409, with the present one it goes through") { api in
            let first = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            let second = try await api.apply(
                api.configMaps("a"),
                configMap(["x": "2"], ["resourceVersion": .string(first.version)])
            )
            try expect(second, 200)
            let stale = try await api.apply(
                api.configMaps("a"),
                configMap(["x": "3"], ["resourceVersion": .string(first.version)])
            )
            try expect(stale, 409, "Conflict")
            try expect(stale.message.contains("the object has been modified"), stale.message)
        },
        APIServerCase("an apply with an old version is 409 also where nothing would change") { api in
            let first = try await api.apply(api.configMaps("a"), configMap(["x": "1"]))
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "2"]))
            let stale = try await api.apply(
                api.configMaps("a"),
                configMap(["x": "2"], ["resourceVersion": .string(first.version)])
            )
            try expect(stale, 409, "Conflict")
        },
        APIServerCase("an apply without a field manager is refused") { api in
            let answer = try await api.call(
                .patch,
                api.configMaps("a"),
                body: configMap(["x": "1"]),
                type: "application/apply-patch+yaml"
            )
            try expect(answer.status >= 400 && answer.status < 500, "HTTP \(answer.status)")
            try expect(answer.message.contains("is required for apply patch"), answer.message)
        },
        APIServerCase("an apply with managed fields is 400") { api in
            let answer = try await api.apply(api.configMaps("a"), configMap([:], ["managedFields": []]))
            try expect(answer, 400, "BadRequest")
        },
        APIServerCase("force is not for other patches") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a"))
            let answer = try await api.call(
                .patch,
                api.configMaps("a"),
                [("force", "true")],
                body: ["data": ["a": "2"]],
                type: "application/merge-patch+json"
            )
            try expect(answer, 422, "Invalid")
        },
        APIServerCase("a dry run of an apply stores nothing and tells conflicts") { api in
            try expect(try await api.apply(api.configMaps("a"), configMap(["x": "1"]), dryRun: true), 201)
            try expect(try await api.get(api.configMaps("a")), 404)
            _ = try await api.apply(api.configMaps("a"), configMap(["x": "1"]), manager: "first")
            try expect(try await api.apply(api.configMaps("a"), configMap(["x": "2"]), dryRun: true), 409, "Conflict")
        },
        APIServerCase("two managers own one container's members and environment") { api in
            let first = workload([
                "containers": [["name": "app", "image": "a:1", "env": [["name": "A", "value": "1"]]]]
            ])
            _ = try await api.apply(api.deployments("d"), first, manager: "first")
            let second: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
                "spec": [
                    "template": ["spec": ["containers": [["name": "app", "env": [["name": "B", "value": "2"]]]]]]
                ],
            ]
            let both = try await api.apply(api.deployments("d"), second, manager: "second")
            try expect(both, 200)
            try expect(
                containers(both).first?["env"],
                is: [["name": "A", "value": "1"], ["name": "B", "value": "2"]]
            )
            try expect(
                both.json.fields(of: "second"),
                is: [
                    "f:spec": [
                        "f:template": [
                            "f:spec": [
                                "f:containers": [
                                    #"k:{"name":"app"}"#: [
                                        ".": [:], "f:name": [:],
                                        "f:env": [#"k:{"name":"B"}"#: [".": [:], "f:name": [:], "f:value": [:]]],
                                    ]
                                ]
                            ]
                        ]
                    ]
                ]
            )
            let gone: JSONValue = ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"]]
            let left = try await api.apply(api.deployments("d"), gone, manager: "second")
            try expect(containers(left).first?["env"], is: [["name": "A", "value": "1"]])
            try expect(containers(left).count == 1, "the container went")
        },
        APIServerCase("container ports are keyed by number and protocol, mounts by path") { api in
            let ports: JSONValue = [
                ["containerPort": 80, "protocol": "TCP"], ["containerPort": 80, "protocol": "UDP"],
            ]
            let answer = try await api.apply(
                api.deployments("d"),
                workload([
                    "containers": [
                        [
                            "name": "app", "image": "a:1", "ports": ports,
                            "volumeMounts": [["name": "v", "mountPath": "/a"], ["name": "v", "mountPath": "/b"]],
                        ]
                    ],
                    "volumes": [["name": "v", "emptyDir": [:]]], "imagePullSecrets": [["name": "p"]],
                ])
            )
            try expect(answer, 201)
            let spec = answer.json.fields(of: "applier")?[path: "f:spec", "f:template", "f:spec"]
            let container = spec?[path: "f:containers", #"k:{"name":"app"}"#]
            let keys = (container?["f:ports"]?.object ?? [:]).keys.sorted()
            try expect(
                keys == [#"k:{"containerPort":80,"protocol":"TCP"}"#, #"k:{"containerPort":80,"protocol":"UDP"}"#],
                "\(keys)"
            )
            let mounts = (container?["f:volumeMounts"]?.object ?? [:]).keys.sorted()
            try expect(mounts == [#"k:{"mountPath":"/a"}"#, #"k:{"mountPath":"/b"}"#], "\(mounts)")
            try expect(spec?[path: "f:imagePullSecrets", #"k:{"name":"p"}"#] != nil, "no pull secret")
        },
        APIServerCase("a port without a protocol is keyed as TCP") { api in
            let answer = try await api.apply(
                api.deployments("d"),
                workload(["containers": [["name": "app", "image": "a:1", "ports": [["containerPort": 80]]]]])
            )
            try expect(answer, 201)
            let again = try await api.apply(
                api.deployments("d"),
                workload(["containers": [["name": "app", "image": "a:1", "ports": [["containerPort": 80]]]]])
            )
            try expect(again, 200)
            // Not the version: the controller of a whole cluster writes the status meanwhile.
            try expect(again.generation == answer.generation, "the generation changed")
            try expect(again.json.fields(of: "applier"), is: answer.json.fields(of: "applier"))
        },
        APIServerCase("an element that is applied twice is refused") { api in
            let answer = try await api.apply(
                api.deployments("d"),
                workload(["containers": [["name": "app", "image": "a:1"], ["name": "app", "image": "b:1"]]])
            )
            try expect(answer.status >= 400, "HTTP \(answer.status)")
        },
        APIServerCase("an atomic list belongs to one manager as a whole") { api in
            let template: JSONValue = ["containers": [["name": "app", "image": "a:1", "args": ["x"]]]]
            let answer = try await api.apply(api.deployments("d"), workload(template), manager: "first")
            let container = answer.json.fields(of: "first")?[
                path: "f:spec",
                "f:template",
                "f:spec",
                "f:containers",
                #"k:{"name":"app"}"#
            ]
            try expect(container?["f:args"], is: [:])
            let second: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
                "spec": ["template": ["spec": ["containers": [["name": "app", "args": ["y"]]]]]],
            ]
            try expect(try await api.apply(api.deployments("d"), second, manager: "second"), 409, "Conflict")
        },
        APIServerCase("replicas that are given up stay where another manager took them over") { api in
            let template: JSONValue = ["containers": [["name": "app", "image": "a:1"]]]
            _ = try await api.apply(api.deployments("d"), workload(template, replicas: 3), manager: "owner")
            let hand: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "spec": ["replicas": 3],
            ]
            try expect(try await api.apply(api.deployments("d"), hand, manager: "scaler"), 200)
            let answer = try await api.apply(api.deployments("d"), workload(template), manager: "owner")
            try expect(answer.json[path: "spec", "replicas"], is: 3)
        },
        APIServerCase("status is applied through its subresource") { api in
            _ = try await api.apply(
                api.deployments("d"),
                workload(["containers": [["name": "app", "image": "a:1"]]])
            )
            let status: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
                "status": [
                    "conditions": [["type": "Custom", "status": "True", "reason": "Because", "message": "m"]]
                ],
            ]
            let answer = try await api.apply(api.deployments("d", "status"), status, manager: "reporter")
            try expect(answer, 200)
            try expect(
                answer.json.fields(of: "reporter")?[path: "f:status", "f:conditions", #"k:{"type":"Custom"}"#]?.object?
                    .keys.sorted()
                    == [".", "f:message", "f:reason", "f:status", "f:type"],
                answer.json.fields(of: "reporter")?.canonicalText ?? ""
            )
            try expect(answer.json[path: "spec", "template", "spec", "containers"]?[0]?["image"], is: "a:1")
        },
        APIServerCase("an apply to the status of an absent object is 404") { api in
            let status: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "status": [:],
            ]
            try expect(try await api.apply(api.deployments("d", "status"), status), 404, "NotFound")
        },
        APIServerCase("owner references are keyed by uid") { api in
            func owner(_ uid: String) -> JSONValue {
                ["apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": .string(uid)]
            }
            _ = try await api.apply(
                api.configMaps("a"),
                configMap(["x": "1"], ["ownerReferences": [owner("u-1")]]),
                manager: "first"
            )
            let answer = try await api.apply(
                api.configMaps("a"),
                configMap(["y": "1"], ["ownerReferences": [owner("u-2")]]),
                manager: "second"
            )
            try expect(answer, 200)
            let uids = (answer.json[path: "metadata", "ownerReferences"]?.array ?? []).compactMap { $0["uid"]?.string }
            try expect(uids == ["u-1", "u-2"], "\(uids)")
        },
        APIServerCase("a Service's ports are keyed by port and protocol") { api in
            let spec: JSONValue = [
                "selector": ["app": "x"], "ports": [["name": "http", "port": 80, "protocol": "TCP", "targetPort": 88]],
            ]
            let first = try await api.apply(api.path("services", "s"), api.service("s", spec))
            try expect(first, 201)
            try expect(
                first.json.fields(of: "applier")?[path: "f:spec", "f:ports"]?.object?.keys.sorted()
                    == [#"k:{"port":80,"protocol":"TCP"}"#],
                "keys"
            )
            let again = try await api.apply(api.path("services", "s"), api.service("s", spec))
            try expect(again.version == first.version, "the version changed")
        },
        APIServerCase("an unknown member in an apply is refused") { api in
            var object = workload(["containers": [["name": "app", "image": "a:1"]]])
            object["spec"]?["nonsense"] = 1
            let answer = try await api.apply(api.deployments("d"), object)
            try expect(answer.status >= 400, "HTTP \(answer.status)")
            try expect(answer.message.contains("field not declared in schema"), answer.message)
        },
    ]
}
