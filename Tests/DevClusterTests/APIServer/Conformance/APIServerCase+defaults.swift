import HTTPTypes
import JSON

extension APIServerCase {
    static let defaults: [APIServerCase] = [
        APIServerCase("a Deployment is filled in as documented") { api in
            var object = api.deployment("d")
            object["spec"]?["template"]?["spec"] = [
                "containers": [
                    [
                        "name": "app", "image": "example.com/app",
                        "ports": [["containerPort": 80]], "readinessProbe": ["httpGet": ["port": 80]],
                        "resources": ["limits": ["cpu": "1000m", "memory": "1024Mi"], "requests": ["cpu": "0.5"]],
                        "env": [
                            ["name": "EMPTY", "value": ""],
                            ["name": "IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]],
                        ],
                    ]
                ],
                "volumes": [
                    ["name": "e"], ["name": "s", "secret": ["secretName": "x"]],
                    ["name": "c", "configMap": ["name": "y"]],
                ],
            ]
            let answer = try await api.create(api.deployments(), object)
            try expect(answer, 201)
            let spec = answer.json["spec"]
            try expect(spec?["replicas"], is: 1)
            try expect(
                spec?["strategy"],
                is: ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": "25%", "maxUnavailable": "25%"]]
            )
            try expect(spec?["revisionHistoryLimit"], is: 10)
            try expect(spec?["progressDeadlineSeconds"], is: 600)
            let pod = spec?[path: "template", "spec"]
            try expect(pod?["restartPolicy"], is: "Always")
            try expect(pod?["dnsPolicy"], is: "ClusterFirst")
            try expect(pod?["schedulerName"], is: "default-scheduler")
            try expect(pod?["securityContext"], is: [:])
            try expect(pod?["terminationGracePeriodSeconds"], is: 30)
            try expect(
                pod?["volumes"],
                is: [
                    ["name": "e", "emptyDir": [:]], ["name": "s", "secret": ["secretName": "x", "defaultMode": 420]],
                    ["name": "c", "configMap": ["name": "y", "defaultMode": 420]],
                ]
            )
            try expect(
                pod?["containers"],
                is: [
                    [
                        "name": "app", "image": "example.com/app", "imagePullPolicy": "Always",
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                        "ports": [["containerPort": 80, "protocol": "TCP"]],
                        "readinessProbe": [
                            "httpGet": ["path": "/", "port": 80, "scheme": "HTTP"], "timeoutSeconds": 1,
                            "periodSeconds": 10,
                            "successThreshold": 1, "failureThreshold": 3,
                        ],
                        "resources": ["limits": ["cpu": "1", "memory": "1Gi"], "requests": ["cpu": "500m"]],
                        "env": [
                            ["name": "EMPTY"],
                            [
                                "name": "IP",
                                "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": "status.podIP"]],
                            ],
                        ],
                    ]
                ]
            )
        },
        APIServerCase("the pull policy follows the tag") { api in
            for (index, (image, policy)) in [
                ("a:1", "IfNotPresent"), ("a", "Always"), ("a:latest", "Always"), ("host:5000/a", "Always"),
                ("host:5000/a:2", "IfNotPresent"),
                ("a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "IfNotPresent"),
            ].enumerated() {
                let answer = try await api.create(api.deployments(), api.deployment("d\(index)", image: image))
                let container = answer.json[path: "spec", "template", "spec", "containers"]?[0]
                try expect(container?["imagePullPolicy"], is: .string(policy), image)
            }
        },
        APIServerCase("quantities become canonical") { api in
            for (index, (given, stored)) in [
                ("1000m", "1"), ("0.1", "100m"), ("1.5Gi", "1536Mi"), ("1024", "1024"), ("1024Ki", "1Mi"),
                ("100", "100"),
                ("1000", "1k"), ("1e3", "1e3"), ("0.5Gi", "512Mi"), ("2000Mi", "2000Mi"), ("1500m", "1500m"),
                ("0", "0"),
            ].enumerated() {
                var object = api.deployment("d\(index)")
                object["spec"]?["template"]?["spec"] = [
                    "containers": [["name": "a", "image": "b:1", "resources": ["limits": ["memory": .string(given)]]]]
                ]
                let answer = try await api.create(api.deployments(), object)
                try expect(answer, 201)
                let container = answer.json[path: "spec", "template", "spec", "containers"]?[0]
                try expect(container?[path: "resources", "limits", "memory"], is: .string(stored), given)
            }
        },
        APIServerCase("a quantity given as a number is text afterwards") { api in
            var object = api.deployment("d")
            object["spec"]?["template"]?["spec"] = [
                "containers": [["name": "a", "image": "b:1", "resources": ["limits": ["cpu": 2]]]]
            ]
            let answer = try await api.create(api.deployments(), object)
            let container = answer.json[path: "spec", "template", "spec", "containers"]?[0]
            try expect(container?[path: "resources", "limits", "cpu"], is: "2")
        },
        APIServerCase("a malformed quantity is 400") { api in
            var object = api.deployment("d")
            object["spec"]?["template"]?["spec"] = [
                "containers": [["name": "a", "image": "b:1", "resources": ["limits": ["cpu": "two"]]]]
            ]
            try expect(try await api.create(api.deployments(), object), 400, "BadRequest")
        },
        APIServerCase("a Service gets an address, a target port and node ports by its type") { api in
            let plain = try await api.create(
                api.path("services"),
                api.service("a", ["selector": ["x": "y"], "ports": [["port": 80]]])
            )
            try expect(plain, 201)
            let spec = plain.json["spec"]
            try expect(spec?["type"], is: "ClusterIP")
            try expect(spec?["sessionAffinity"], is: "None")
            try expect(spec?["ports"], is: [["port": 80, "protocol": "TCP", "targetPort": 80]])
            let address = spec?["clusterIP"]?.string ?? ""
            try expect(address.hasPrefix("10."), address)
            try expect(spec?["clusterIPs"], is: [.string(address)])
            try expect(plain.json["status"], is: ["loadBalancer": [:]])
            let balanced = try await api.create(
                api.path("services"),
                api.service("b", ["type": "LoadBalancer", "ports": [["port": 80, "targetPort": 88]]])
            )
            let port = balanced.json[path: "spec", "ports"]?[0]
            try expect((30_000...32_767).contains(port?["nodePort"]?.integer ?? 0), "\(port?.canonicalText ?? "")")
            try expect(balanced.json[path: "spec", "externalTrafficPolicy"], is: "Cluster")
            let headless = try await api.create(
                api.path("services"),
                api.service("c", ["clusterIP": "None", "ports": [["port": 80]]])
            )
            try expect(headless.json[path: "spec", "clusterIP"], is: "None")
        },
        APIServerCase("a Service keeps its addresses over a change of its ports") { api in
            let object = api.service("s", ["type": "LoadBalancer", "ports": [["port": 80]]])
            let first = try await api.create(api.path("services"), object)
            let second = try await api.patch(
                api.path("services", "s"),
                ["spec": ["ports": [["port": 80, "targetPort": 81]]]]
            )
            try expect(second, 200)
            try expect(second.json[path: "spec", "clusterIP"], is: first.json[path: "spec", "clusterIP"])
            try expect(second.json[path: "spec", "ports"]?[0]?["targetPort"], is: 81)
            let moved = try await api.patch(
                api.path("services", "s"),
                ["spec": ["clusterIP": "10.0.0.250", "clusterIPs": ["10.0.0.250"]]]
            )
            try expect(moved, 422, "Invalid")
        },
        APIServerCase("a Service without ports is 422") { api in
            let answer = try await api.create(api.path("services"), api.service("s", ["selector": ["x": "y"]]))
            try expect(answer, 422, "Invalid")
            try expect(answer.json[path: "details", "causes"]?[0]?["field"], is: "spec.ports")
        },
        APIServerCase("a Deployment that contradicts itself is 422") { api in
            func changed(_ change: (inout JSONValue) -> Void) -> JSONValue {
                var object = api.deployment("d")
                var spec = object["spec"] ?? .null
                change(&spec)
                object["spec"] = spec
                return object
            }
            for (object, field) in [
                (changed { $0["selector"] = nil }, "spec.selector"),
                (changed { $0["selector"] = ["matchLabels": ["app": "other"]] }, "spec.template.metadata.labels"),
                (changed { $0["replicas"] = -1 }, "spec.replicas"),
                (changed { $0["template"]?["spec"] = ["containers": []] }, "spec.template.spec.containers"),
                (
                    changed { $0["template"]?["spec"] = ["containers": [["name": "a", "image": ""]]] },
                    "spec.template.spec.containers[0].image"
                ),
                (
                    changed { $0["template"]?["spec"] = ["containers": [["name": "A_b", "image": "c:1"]]] },
                    "spec.template.spec.containers[0].name"
                ),
                (
                    changed {
                        $0["template"]?["spec"] = [
                            "containers": [
                                ["name": "a", "image": "c:1", "volumeMounts": [["name": "no", "mountPath": "/x"]]]
                            ]
                        ]
                    }, "spec.template.spec.containers[0].volumeMounts[0].name"
                ),
                (
                    changed { $0["strategy"] = ["type": "Recreate", "rollingUpdate": ["maxSurge": 1]] },
                    "spec.strategy.rollingUpdate"
                ),
            ] {
                let answer = try await api.create(api.deployments(), object)
                try expect(answer, 422, "Invalid")
                let fields = (answer.json[path: "details", "causes"]?.array ?? []).compactMap { $0["field"]?.string }
                try expect(fields.contains(field), "\(field): \(fields)")
            }
        },
        APIServerCase("the creator of an object owns its defaults too") { api in
            let answer = try await api.create(api.deployments(), api.deployment("d"))
            let fields = answer.json.fields(of: "creator", operation: "Update")
            try expect(fields?[path: "f:spec", "f:replicas"], is: [:])
            try expect(
                fields?[path: "f:spec", "f:strategy"]?.object?.keys.sorted() == ["f:rollingUpdate", "f:type"],
                "strategy"
            )
            try expect(
                fields?[path: "f:spec", "f:template", "f:metadata"],
                is: ["f:labels": [".": [:], "f:app": [:]]]
            )
        },
        APIServerCase("serviceAccount and serviceAccountName go together") { api in
            var object = api.deployment("d")
            object["spec"]?["template"]?["spec"]?["serviceAccountName"] = "me"
            let answer = try await api.create(api.deployments(), object)
            try expect(answer.json[path: "spec", "template", "spec", "serviceAccount"], is: "me")
        },
        APIServerCase("a docker config Secret has to hold its key") { api in
            let secret: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"],
                "type": "kubernetes.io/dockerconfigjson",
                "data": ["other": "e30="],
            ]
            try expect(try await api.create(api.path("secrets"), secret), 422, "Invalid")
        },
    ]

    static let documents: [APIServerCase] = [
        APIServerCase("the server tells its version and health") { api in
            try expect(try await api.get("/version").json["major"], is: "1")
            for path in ["/healthz", "/livez", "/readyz"] { try expect(try await api.get(path).text == "ok", path) }
        },
        APIServerCase("groups and resources are discovered") { api in
            try expect(try await api.get("/api").json["versions"], is: ["v1"])
            let groups = try await api.get("/apis").json["groups"]?.array ?? []
            let apps = groups.first { $0["name"] == "apps" }
            try expect(apps?[path: "preferredVersion", "groupVersion"], is: "apps/v1")
            try expect(try await api.get("/apis/apps").json["kind"], is: "APIGroup")
            let resources = try await api.get("/apis/apps/v1").json["resources"]?.array ?? []
            let deployments = resources.first { $0["name"] == "deployments" }
            try expect(deployments?["kind"], is: "Deployment")
            try expect(deployments?["namespaced"], is: true)
            try expect(deployments?["shortNames"], is: ["deploy"])
            try expect(resources.contains { $0["name"] == "deployments/scale" && $0["kind"] == "Scale" }, "no scale")
        },
        APIServerCase("an unknown resource is 404") { api in
            try expect(try await api.get(api.path("unknowns")), 404)
            try expect(try await api.get("/apis/no.such.group/v1/things"), 404)
        },
        APIServerCase("a list comes as a table on request") { api in
            _ = try await api.create(api.deployments(), api.deployment("d", replicas: 3))
            let table = try await api.call(
                .get,
                api.deployments(),
                accept:
                    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
            )
            try expect(table.json["kind"], is: "Table")
            try expect(table.json["apiVersion"], is: "meta.k8s.io/v1")
            let names = (table.json["columnDefinitions"]?.array ?? []).compactMap { $0["name"]?.string }
            try expect(Array(names.prefix(5)) == ["Name", "Ready", "Up-to-date", "Available", "Age"], "\(names)")
            try expect(table.json["rows"]?[0]?["cells"]?[1], is: "0/3")
            try expect(table.json["rows"]?[0]?[path: "object", "kind"], is: "PartialObjectMetadata")
            try expect(table.json["rows"]?[0]?[path: "object", "metadata", "name"], is: "d")
        },
        APIServerCase("an object's metadata alone comes on request") { api in
            _ = try await api.create(api.deployments(), api.deployment("d"))
            let answer = try await api.call(
                .get,
                api.deployments("d"),
                accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
            )
            try expect(answer.json["kind"], is: "PartialObjectMetadata")
            try expect(answer.json["spec"], is: nil)
        },
        APIServerCase("elements of a typed list have no kind of their own") { api in
            _ = try await api.create(api.deployments(), api.deployment("d"))
            let list = try await api.get(api.deployments())
            try expect(list.json["apiVersion"], is: "apps/v1")
            try expect(list.json["items"]?[0]?["kind"], is: nil)
        },
        APIServerCase("an access review of oneself is answered") { api in
            let review: JSONValue = [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": ["verb": "create", "resource": "pods", "namespace": "default"]],
            ]
            let answer = try await api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
            try expect(answer, 201)
            try expect(answer.json[path: "status", "allowed"], is: true)
        },
        APIServerCase("both forms of an event are one object") { api in
            let events = api.path("events", api: "/apis/events.k8s.io/v1")
            let event: JSONValue = [
                "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e"],
                "eventTime": "2026-01-02T03:04:05.000006Z", "reportingController": "c.example/x",
                "reportingInstance": "i",
                "action": "Act", "reason": "Why", "type": "Normal", "note": "text",
                "regarding": [
                    "kind": "ConfigMap", "namespace": .string(api.namespace), "name": "a", "apiVersion": "v1",
                ],
            ]
            let created = try await api.create(events, event)
            try expect(created, 201)
            try expect(created.json["note"], is: "text")
            let old = try await api.get(api.path("events", "e"))
            try expect(old.json["message"], is: "text")
            try expect(old.json[path: "involvedObject", "name"], is: "a")
            try expect(old.json["reportingComponent"], is: "c.example/x")
            let patched = try await api.patch(
                events + "/e",
                ["series": ["count": 2, "lastObservedTime": "2026-01-02T03:05:05.000000Z"]]
            )
            try expect(patched, 200)
            try expect(patched.json[path: "series", "count"], is: 2)
            let selected = try await api.get(api.path("events"), [("fieldSelector", "involvedObject.name=a")])
            try expect(selected.json.itemNames == ["e"], "\(selected.json.itemNames)")
        },
    ]
}
