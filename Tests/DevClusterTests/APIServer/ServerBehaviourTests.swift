import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite("Details of servers that differ by version", .timeLimit(.minutes(1)))
struct ServerBehaviourTests {
    private let apply = "application/apply-patch+yaml"

    private func limit(_ cpu: String) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
            "spec": [
                "selector": ["matchLabels": ["app": "d"]],
                "template": [
                    "metadata": ["labels": ["app": "d"]],
                    "spec": [
                        "containers": [["name": "app", "image": "a:1", "resources": ["limits": ["cpu": .string(cpu)]]]]
                    ],
                ],
            ],
        ]
    }

    /// Measured on 1.20: the apply is compared before it becomes canonical, so it changes its own entry's time.
    @Test(arguments: [(APIServerProfile.v1_20, true), (.current, false)])
    func anApplyThatIsNotCanonicalIsWrittenAgainOn1_20(_ profile: APIServerProfile, _ changes: Bool) async throws {
        let api = TestAPI(profile)
        let target = "\(TestAPI.deployments)/d?fieldManager=m&force=true"
        let first = try await api.call(.patch, target, limit("1000m"), type: apply)
        #expect(
            first.json[path: "spec", "template", "spec", "containers"]?[0]?[path: "resources", "limits", "cpu"] == "1"
        )
        api.clock.advance(by: .seconds(2))
        let second = try await api.call(.patch, target, limit("1000m"), type: apply)
        #expect((second.version != first.version) == changes)
        api.clock.advance(by: .seconds(2))
        let canonical = try await api.call(.patch, target, limit("1"), type: apply)
        #expect(canonical.version == second.version)
    }

    @Test func anEscapedSlashIsRefused() async throws {
        for profile in [APIServerProfile.current, .v1_20] {
            let api = TestAPI(profile)
            let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"a\/b"}}"#
            let request = patchRequest("\(TestAPI.configMaps)/a?fieldManager=m", apply)
            let found = try await api.transport.withResponse(
                to: request,
                body: .bytes(Array(body.utf8)),
                timeouts: .call
            ) { response, _ in response.status.code }
            #expect(found == 400)
        }
    }

    @Test func managedFieldsNameTheSubresourceSince1_22() async throws {
        for (profile, subresource) in [(APIServerProfile.current, "status" as JSONValue?), (.v1_20, nil)] {
            let api = TestAPI(profile)
            _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
            let status: JSONValue = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "status": ["replicas": 2],
            ]
            let answer = try await api.call(
                .patch,
                "\(TestAPI.deployments)/d/status?fieldManager=m",
                status,
                type: apply
            )
            let entry = answer.json[path: "metadata", "managedFields"]?.array?.first { $0["manager"] == "m" }
            #expect(entry?["subresource"] == subresource)
        }
    }

    @Test func aMergePatchOnStatusThatHoldsSpecTakesTheSpecOn1_20() async throws {
        for (profile, takes) in [(APIServerProfile.v1_20, true), (.current, false)] {
            let api = TestAPI(profile)
            let target = "\(TestAPI.deployments)/d"
            _ = try await api.call(.patch, "\(target)?fieldManager=owner", limit("1"), type: apply)
            let both: JSONValue = ["spec": ["replicas": 7], "status": ["replicas": 1]]
            let answer = try await api.call(
                .patch,
                "\(target)/status?fieldManager=p",
                both,
                type: "application/merge-patch+json"
            )
            #expect(answer.json[path: "spec", "replicas"] == 1)
            let fields = answer.json[path: "metadata", "managedFields"]?.array?.first { $0["manager"] == "p" }?[
                "fieldsV1"
            ]
            #expect((fields?["f:spec"] != nil) == takes)
        }
    }

    @Test func resettingTheManagersForgetsThemAll() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a"))
        let reset = try await api.call(
            .patch,
            "\(TestAPI.configMaps)/a",
            ["metadata": ["managedFields": [[:]]]],
            type: "application/merge-patch+json"
        )
        #expect(reset.json[path: "metadata", "managedFields"] == nil)
        // The first apply gives what was there to a manager of its own, and so conflicts.
        let config = TestAPI.configMap("a", ["a": "2"])
        let answer = try await api.call(.patch, "\(TestAPI.configMaps)/a?fieldManager=m", config, type: apply)
        #expect(answer.status == 409)
        #expect(answer.json["message"]?.string?.contains("before-first-apply") == true)
    }

    @Test func atMostTenUpdatersAreKept() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a"))
        var last = JSONValue.null
        for index in 0..<15 {
            api.clock.advance(by: .seconds(1))
            last = try await api.call(
                .patch,
                "\(TestAPI.configMaps)/a?fieldManager=m\(index)",
                ["data": ["k\(index)": "1"]],
                type: "application/merge-patch+json"
            ).json
        }
        let managers = (last[path: "metadata", "managedFields"]?.array ?? []).compactMap { $0["manager"]?.string }
        #expect(managers.count == 10)
        #expect(managers.contains("ancient-changes"))
        #expect(managers.contains("m14"))
    }

    @Test func templatesCarryANullTimeBeforeItWasOmitted() async throws {
        for (profile, value) in [(APIServerProfile.v1_20, JSONValue.null as JSONValue?), (.current, nil)] {
            let api = TestAPI(profile)
            let answer = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
            #expect(answer.json[path: "spec", "template", "metadata"]?.object?["creationTimestamp"] == value)
        }
    }

    @Test func unknownFieldsAreWarnedOf() async throws {
        let api = TestAPI()
        var object = TestAPI.configMap("a")
        object["nonsense"] = 1
        let answer = try await api.call(.post, TestAPI.configMaps, object)
        #expect(answer.status == 201)
        let warning = answer.headers.first { $0.name.canonicalName == "warning" }?.value
        #expect(warning == "299 - \"unknown field nonsense\"")
    }

    @Test func aConflictInOneOfSeveralVersionsOfAKindIsFound() async throws {
        let api = TestAPI()
        func version(_ name: String, storage: Bool) -> JSONValue {
            [
                "name": .string(name), "served": true, "storage": .bool(storage),
                "schema": [
                    "openAPIV3Schema": [
                        "type": "object",
                        "properties": ["spec": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                    ]
                ],
            ]
        }
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Cluster", "names": ["plural": "things", "kind": "Thing"],
                "versions": [version("v1", storage: true), version("v2", storage: false)],
            ],
        ]
        _ = try await api.call(.post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        func thing(_ version: String, _ x: Int64) -> JSONValue {
            [
                "apiVersion": .string("example.com/\(version)"), "kind": "Thing", "metadata": ["name": "t"],
                "spec": ["x": .integer(x)],
            ]
        }
        let first = try await api.call(
            .patch,
            "/apis/example.com/v1/things/t?fieldManager=a",
            thing("v1", 1),
            type: apply
        )
        #expect(first.status == 201)
        let other = try await api.call(
            .patch,
            "/apis/example.com/v2/things/t?fieldManager=b",
            thing("v2", 2),
            type: apply
        )
        #expect(other.status == 409)
        let read = try await api.call(.get, "/apis/example.com/v2/things/t")
        #expect(read.json["apiVersion"] == "example.com/v2")
    }
}

private func patchRequest(_ path: String, _ type: String) -> HTTPRequest {
    HTTPRequest(
        method: .patch,
        scheme: "http",
        authority: "fake",
        path: path,
        headerFields: [.contentType: type]
    )
}
