import DevCluster
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite("The simulated controllers and node", .timeLimit(.minutes(1)))
struct SimulationTests {
    private let options = SimulationOptions(crashingImages: ["bad"], missingImages: ["missing"])

    private func run(_ api: TestAPI, seconds: Int, _ options: SimulationOptions? = nil) {
        #expect(api.server.settle(options ?? self.options))
        for _ in 0..<seconds {
            api.clock.advance(by: .seconds(1))
            #expect(api.server.settle(options ?? self.options))
        }
    }

    private func status(_ api: TestAPI, _ name: String = "d") async throws -> JSONValue {
        try await api.call(.get, "\(TestAPI.deployments)/\(name)").json["status"] ?? .null
    }

    private func condition(_ status: JSONValue, _ type: String) -> JSONValue? {
        status["conditions"]?.array?.first { $0["type"]?.string == type }
    }

    private func pods(_ api: TestAPI) async throws -> [JSONValue] {
        try await api.call(.get, "/api/v1/namespaces/default/pods").json["items"]?.array ?? []
    }

    private func images(_ api: TestAPI) async throws -> [String] {
        try await pods(api).compactMap { $0[path: "spec", "containers"]?[0]?["image"]?.string }
    }

    private func set(_ api: TestAPI, image: String) async throws {
        let patch: JSONValue = [
            "spec": ["template": ["spec": ["containers": [["name": "app", "image": .string(image)]]]]]
        ]
        let answer = try await api.call(
            .patch,
            "\(TestAPI.deployments)/d",
            patch,
            type: "application/strategic-merge-patch+json"
        )
        #expect(answer.status == 200)
    }

    @Test func aDeploymentBecomesAvailableOnceItsPodsAreReady() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
        run(api, seconds: 0)
        let early = try await status(api)
        #expect(early["replicas"] == 2)
        #expect(early["readyReplicas"] == nil)
        #expect(early["observedGeneration"] == 1)
        #expect(condition(early, "Available")?["status"] == "False")
        #expect(condition(early, "Progressing")?["reason"] == "ReplicaSetUpdated")
        run(api, seconds: 2)
        let late = try await status(api)
        for name in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
            #expect(late[name] == 2, "\(name)")
        }
        #expect(late["unavailableReplicas"] == nil)
        #expect(condition(late, "Available")?["status"] == "True")
        #expect(condition(late, "Progressing")?["reason"] == "NewReplicaSetAvailable")
        // Its revision is written without a new generation.
        let stored = try await api.call(.get, "\(TestAPI.deployments)/d").json
        #expect(stored[path: "metadata", "generation"] == 1)
        #expect(stored[path: "metadata", "annotations", "deployment.kubernetes.io/revision"] == "1")
    }

    @Test func aRolloutKeepsToItsLimitsAllTheWay() async throws {
        let api = TestAPI()
        var object = TestAPI.deployment("d", image: "good:1", replicas: 4)
        object["spec"]?["strategy"] = ["rollingUpdate": ["maxSurge": 1, "maxUnavailable": 1]]
        _ = try await api.call(.post, TestAPI.deployments, object)
        run(api, seconds: 5)
        try await set(api, image: "good:2")
        for _ in 0..<30 {
            #expect(api.server.settle(options))
            let status = try await status(api)
            #expect((status["availableReplicas"]?.integer ?? 0) >= 3)
            #expect((status["replicas"]?.integer ?? 0) <= 5)
            api.clock.advance(by: .milliseconds(500))
        }
        #expect(try await images(api) == ["good:2", "good:2", "good:2", "good:2"])
        #expect(condition(try await status(api), "Progressing")?["reason"] == "NewReplicaSetAvailable")
        let sets = try await api.call(.get, "/apis/apps/v1/namespaces/default/replicasets").json["items"]?.array ?? []
        #expect(sets.count == 2)
    }

    @Test func aBadImageStopsTheRolloutAndTheOldPodsStay() async throws {
        let api = TestAPI()
        var object = TestAPI.deployment("d", image: "good:1", replicas: 3)
        object["spec"]?["progressDeadlineSeconds"] = 10
        _ = try await api.call(.post, TestAPI.deployments, object)
        run(api, seconds: 5)
        try await set(api, image: "bad:2")
        run(api, seconds: 15)
        let status = try await status(api)
        #expect(status["availableReplicas"] == 3)
        #expect(status["updatedReplicas"] == 1)
        #expect(condition(status, "Progressing")?["reason"] == "ProgressDeadlineExceeded")
        #expect(condition(status, "Progressing")?["status"] == "False")
        let broken = try await pods(api).first { $0[path: "spec", "containers"]?[0]?["image"] == "bad:2" }
        #expect(
            broken?[path: "status", "containerStatuses"]?[0]?[path: "state", "waiting", "reason"] == "CrashLoopBackOff"
        )
        // Going back ends it, with the old replica set under a new number.
        try await set(api, image: "good:1")
        run(api, seconds: 5)
        #expect(Set(try await images(api)) == ["good:1"])
        let stored = try await api.call(.get, "\(TestAPI.deployments)/d").json
        #expect(stored[path: "metadata", "annotations", "deployment.kubernetes.io/revision"] == "3")
    }

    @Test func aMissingImageWaitsInItsPod() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "missing:1", replicas: 1))
        run(api, seconds: 3)
        let pod = try await pods(api).first
        #expect(pod?[path: "status", "phase"] == "Pending")
        #expect(
            pod?[path: "status", "containerStatuses"]?[0]?[path: "state", "waiting", "reason"] == "ImagePullBackOff"
        )
    }

    @Test func recreateEndsTheOldPodsFirst() async throws {
        let api = TestAPI()
        var object = TestAPI.deployment("d", image: "good:1")
        object["spec"]?["strategy"] = ["type": "Recreate"]
        _ = try await api.call(.post, TestAPI.deployments, object)
        run(api, seconds: 4)
        try await set(api, image: "good:2")
        for _ in 0..<20 {
            #expect(api.server.settle(options))
            #expect(Set(try await images(api)).count <= 1)
            api.clock.advance(by: .milliseconds(500))
        }
        #expect(try await images(api) == ["good:2", "good:2"])
    }

    @Test func scalingFollowsTheReplicas() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
        run(api, seconds: 3)
        for replicas in [5, 1, 0] as [Int64] {
            _ = try await api.call(
                .patch,
                "\(TestAPI.deployments)/d/scale",
                ["spec": ["replicas": .integer(replicas)]],
                type: "application/merge-patch+json"
            )
            run(api, seconds: 5)
            #expect(try await pods(api).count == Int(replicas))
        }
    }

    @Test func aSettledClusterIsNotWrittenTo() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
        run(api, seconds: 4)
        let version = api.server.resourceVersion
        run(api, seconds: 20)
        #expect(api.server.resourceVersion == version)
    }

    @Test func servicesGetAddressesAndEndpoints() async throws {
        let api = TestAPI()
        let service: JSONValue = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "s"],
            "spec": ["type": "LoadBalancer", "selector": ["app": "d"], "ports": [["port": 80, "targetPort": 88]]],
        ]
        _ = try await api.call(.post, "/api/v1/namespaces/default/services", service)
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
        run(api, seconds: 4)
        let stored = try await api.call(.get, "/api/v1/namespaces/default/services/s").json
        let address = stored[path: "status", "loadBalancer", "ingress"]?[0]?["ip"]?.string ?? ""
        #expect(address.hasPrefix("192.0.2."))
        let endpoints = try await api.call(.get, "/api/v1/namespaces/default/endpoints/s").json
        #expect(endpoints["subsets"]?[0]?["addresses"]?.array?.count == 2)
        #expect(endpoints["subsets"]?[0]?["ports"]?[0]?["port"] == 88)
        let slices = try await api.call(
            .get,
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Ds"
        ).json["items"]?.array
        #expect(slices?.first?["endpoints"]?.array?.allSatisfy { $0[path: "conditions", "ready"] == true } == true)
    }

    @Test func dependentsGoWithTheirOwner() async throws {
        for policy in ["Background", "Foreground"] {
            let api = TestAPI()
            _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
            run(api, seconds: 3)
            _ = try await api.call(.delete, "\(TestAPI.deployments)/d?propagationPolicy=\(policy)")
            run(api, seconds: 4)
            #expect(try await api.call(.get, "\(TestAPI.deployments)/d").status == 404, "\(policy)")
            #expect(try await pods(api).isEmpty, "\(policy)")
        }
    }

    @Test func orphansStayWithoutTheirOwner() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1"))
        run(api, seconds: 3)
        _ = try await api.call(.delete, "\(TestAPI.deployments)/d?propagationPolicy=Orphan")
        run(api, seconds: 4)
        #expect(try await api.call(.get, "\(TestAPI.deployments)/d").status == 404)
        let sets = try await api.call(.get, "/apis/apps/v1/namespaces/default/replicasets").json["items"]?.array ?? []
        #expect(sets.count == 1)
        #expect(sets.first?[path: "metadata", "ownerReferences"] == nil)
        #expect(try await pods(api).count == 2)
    }

    @Test func aDeletedNamespaceTakesItsContentsAlong() async throws {
        let api = TestAPI()
        _ = try await api.call(
            .post,
            "/api/v1/namespaces",
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "n"]]
        )
        var kept = TestAPI.configMap("a")
        kept["metadata"] = ["name": "a", "finalizers": ["example.com/wait"]]
        _ = try await api.call(.post, "/api/v1/namespaces/n/configmaps", kept)
        _ = try await api.call(.delete, "/api/v1/namespaces/n")
        run(api, seconds: 1)
        #expect(try await api.call(.get, "/api/v1/namespaces/n").json[path: "status", "phase"] == "Terminating")
        #expect(try await api.call(.post, "/api/v1/namespaces/n/configmaps", TestAPI.configMap("b")).status == 403)
        _ = try await api.call(
            .patch,
            "/api/v1/namespaces/n/configmaps/a",
            ["metadata": ["finalizers": .null]],
            type: "application/merge-patch+json"
        )
        run(api, seconds: 1)
        #expect(try await api.call(.get, "/api/v1/namespaces/n").status == 404)
    }

    @Test func aJobRunsToItsEnd() async throws {
        for (image, end) in [("good:1", "Complete"), ("bad:1", "Failed")] {
            let api = TestAPI()
            let job: JSONValue = [
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "j"],
                "spec": [
                    "backoffLimit": 1,
                    "template": [
                        "spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": .string(image)]]]
                    ],
                ],
            ]
            #expect(try await api.call(.post, "/apis/batch/v1/namespaces/default/jobs", job).status == 201)
            run(api, seconds: 12)
            let stored = try await api.call(.get, "/apis/batch/v1/namespaces/default/jobs/j").json
            #expect(stored[path: "status", "conditions"]?[0]?["type"]?.string == end)
        }
    }

    @Test func controllersRunByThemselvesUntilTheyAreCancelled() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "good:1", replicas: 1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await api.server.runControllers() }
            for _ in 0..<40 {
                await api.clock.waitForSleepers()
                if try await status(api)["availableReplicas"] == 1 { break }
                api.clock.advance(by: .milliseconds(250))
            }
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
        #expect(try await status(api)["availableReplicas"] == 1)
    }
}
