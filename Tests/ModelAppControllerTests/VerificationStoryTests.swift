import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

@Suite struct VerificationStoryTests {
    private static let checks: JSONValue = [
        ["name": "version", "http": ["port": 8080, "path": "/version", "expect": ["status": 200]]],
        [
            "name": "golden",
            "http": [
                "port": 8080, "method": "POST", "path": "/score",
                "bodyFrom": ["configMapKeyRef": ["name": "golden", "key": "airliner.json"]],
                "expect": ["jsonPath": "$.result[0][0][0][0]", "equals": "n02690373 airliner"],
            ],
        ],
    ]

    private static func createGolden(_ cluster: Cluster) async throws {
        let data: JSONValue = ["data": ["airliner.json": "{\"input\":\"airliner.jpg\"}"]]
        try await cluster.apply(ApplyStep(ConfigMap.resource, Cluster.key("golden"), data))
    }

    /// One app on code 1 and model 1.0.0 with checks from then on.
    private func withVerifiedApp(_ body: (Cluster, CandidateApp) async throws -> Void) async throws {
        try await Cluster.withConvergedApp { cluster in
            let app = CandidateApp()
            cluster.network.connectPods(to: app)
            try await cluster.editSeen(spec: ["rollout": ["verify": Self.checks]])
            try await body(cluster, app)
        }
    }

    private func candidate(_ cluster: Cluster) -> JSONValue? {
        cluster.api.object(Deployment.resource, Cluster.key("app-candidate"))
    }

    @Test func theTutorialsChecksAreMadeBeforeTraffic() async throws {
        try await withVerifiedApp { cluster, app in
            try await Self.createGolden(cluster)
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(app.requests == ["GET /version", "POST /score"])
            try await cluster.eventually("the candidate goes") { candidate(cluster) == nil }
            #expect(cluster.status()?.history.map(\.result) == ["Converged", "Converged"])
        }
    }

    @Test func aWrongAnswerLeavesWhatRunsAndNewBytesLiftTheQuarantine() async throws {
        try await withVerifiedApp { cluster, app in
            try await Self.createGolden(cluster)
            app.say("planted-cat")
            let live = cluster.live()
            let service = cluster.api.object(Service.resource, Cluster.key())
            try await cluster.push("2")
            try await cluster.eventually("it is quarantined") { cluster.status()?.quarantine.map(\.version) == ["2"] }
            #expect(cluster.live() == live)
            #expect(cluster.api.object(Service.resource, Cluster.key())?["spec"] == service?["spec"])
            #expect(cluster.condition("Ready")?.reason == "Converged")
            #expect(
                cluster.says("UpdateAvailable", true, "Quarantined", ["check golden", "is not \"n02690373 airliner\""])
            )
            #expect(app.requests.count { $0 == "POST /score" } == 3, "two retries")
            let object = cluster.api.object(ModelApp.resource, Cluster.key())
            #expect(object?.canonicalText.contains("planted-cat") == false)
            #expect(!cluster.log.lines.contains { $0.contains("planted-cat") })
            try await cluster.eventually("the candidate goes") { candidate(cluster) == nil }

            app.say("n02690373 airliner")
            try await cluster.push("3")
            try await cluster.converges(code: "3", model: "1.0.0")
        }
    }

    @Test func noServiceSelectsAPodThatIsChecked() async throws {
        try await withVerifiedApp { cluster, app in
            app.beforeEach {
                let selector = cluster.api.object(Service.resource, Cluster.key())?["spec"]?["selector"]?.object ?? [:]
                let chosen = cluster.api.objects(Pod.resource).filter { pod in
                    selector.allSatisfy { pod["metadata"]?["labels"]?[$0.key] == $0.value }
                }
                #expect(!selector.isEmpty && !chosen.isEmpty)
                #expect(chosen.allSatisfy { $0["metadata"]?["labels"]?[Keys.slot] == "a" })
                #expect(cluster.live()?.tag == "1")
            }
            try await Self.createGolden(cluster)
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
        }
    }

    @Test func aMissingBodyIsWaitedForAndHeals() async throws {
        try await withVerifiedApp { cluster, _ in
            try await cluster.push("2")
            try await cluster.eventually("it waits and says for what") {
                cluster.says(
                    "UpdateAvailable",
                    true,
                    "ConfigMapNotFound",
                    ["ConfigMap golden is not in namespace default"]
                )
            }
            #expect(cluster.live()?.tag == "1" && cluster.status()?.quarantine == [])
            try await Self.createGolden(cluster)
            try await cluster.converges(code: "2", model: "1.0.0")
        }
    }

    /// Answers every query with one sample.
    private struct OneSample: LocalService {
        func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
            #expect(request.path == "/api/v1/query?query=up%7Bapp%3D%22app%22%7D")
            let sample: JSONValue = ["metric": [:], "value": [1, "1"]]
            let answer: JSONValue = ["status": "success", "data": ["resultType": "vector", "result": [sample]]]
            return LocalResponse(.ok, text: answer.canonicalText, type: "application/json")
        }
    }

    @Test func aPrometheusThatIsDownIsWaitedForAndBlamesNobody() async throws {
        try await Cluster.withConvergedApp { cluster in
            let query: JSONValue = ["query": #"up{app="$app"}"#, "min": 1, "for": "30s"]
            try await cluster.editSeen(spec: ["rollout": ["verify": [["name": "errors", "prometheus": query]]]])
            try await cluster.push("2")
            try await cluster.eventually("it waits and says for what") {
                cluster.says("UpdateAvailable", true, "PrometheusUnavailable", ["errors"])
            }
            #expect(cluster.live()?.tag == "1" && cluster.status()?.quarantine == [])
            cluster.network.connect(Cluster.prometheusHost, to: OneSample())
            try await cluster.converges(code: "2", model: "1.0.0")
        }
    }

    private static let cronJob = APIResource(group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs")

    @Test func aJobIsRunAgainstTheCandidateOnceItsTemplateIsThere() async throws {
        try await Cluster.withConvergedApp { cluster in
            let job: JSONValue = [["name": "smoke", "job": ["cronJobRef": ["name": "smoke"]]]]
            try await cluster.editSeen(spec: ["rollout": ["verify": job]])
            try await cluster.push("2")
            try await cluster.eventually("it waits for the template") {
                cluster.says("UpdateAvailable", true, "JobTemplateNotFound", ["there is no CronJob smoke"])
            }
            let pod: JSONValue = [
                "restartPolicy": "Never", "containers": [["name": "smoke", "image": "example.org/smoke:1"]],
            ]
            let template: JSONValue = ["spec": ["backoffLimit": 0, "template": ["spec": pod]]]
            try await cluster.apply(
                ApplyStep(
                    Self.cronJob,
                    Cluster.key("smoke"),
                    ["spec": ["schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": template]]
                )
            )
            try await cluster.converges(code: "2", model: "1.0.0")
            let made = cluster.api.objects(Job.resource)
            #expect(made.count == 1)
            let environment = made.first?["spec"]?["template"]?["spec"]?["containers"]?[0]?["env"]?.array ?? []
            let url = environment.first { $0["name"] == "MODELAPP_CANDIDATE_URL" }?["value"]?.string ?? ""
            #expect(url.hasPrefix("http://198.51.100.") && url.hasSuffix(":8080"), "\(url)")
            #expect(environment.contains { $0["name"] == "MODELAPP_CODE_TAG" && $0["value"] == "2" })
        }
    }

    @Test func aCrashLoopIsNoticedLongBeforeItsDeadline() async throws {
        let bad = try await Cluster.with { try await $0.push("2") }
        try await Cluster.withConvergedApp(simulation: SimulationOptions(crashingImages: [bad])) { cluster in
            let began = cluster.time.date()
            try await cluster.push("2")
            try await cluster.eventually("it is put back") { cluster.condition("Ready")?.reason == "RolledBack" }
            #expect(cluster.time.date() - began < .seconds(600), "the deadline is 15 minutes")
            #expect(cluster.status()?.quarantine.map(\.version) == ["2"])
        }
    }

    @Test func aKilledOperatorMakesACheckAgain() async throws {
        try await Cluster.with { cluster in
            let app = CandidateApp()
            cluster.network.connectPods(to: app)
            try await Self.createGolden(cluster)
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(rollout: ["verify": Self.checks])
            // The first operator gets no answer before it ends.
            app.beforeEach { try? await Task.sleep(for: .seconds(3600)) }
            try await cluster.withOperator {
                try await cluster.eventually("it is verified") {
                    cluster.status()?.release?.target?.checks.first?.result == .running
                }
            }
            #expect(cluster.live() == nil)
            app.beforeEach(nil)
            try await cluster.withOperator { try await cluster.converges(code: "1", model: "1.0.0") }
            #expect(cluster.releases().first?.verification?.phase == .released)
        }
    }

    @Test(arguments: ["code", "model"])
    func theGuiltyHalfIsFoundAndTheOtherReleased(_ guilty: String) async throws {
        try await withVerifiedApp { cluster, app in
            try await Self.createGolden(cluster)
            app.beforeEach {
                let containers = candidate(cluster)?["spec"]?["template"]?["spec"]?["containers"]
                let version = containers?[0]?["env"]?.array?.first { $0["name"] == "MODEL_VERSION" }?["value"]?.string
                let isNewCode = containers?[0]?["image"]?.string != cluster.live()?.image
                let isBad = guilty == "code" ? isNewCode : version == "2.0.0"
                app.say(isBad ? "n02123045 tabby" : "n02690373 airliner")
            }
            // Both at once: the pair is the first that is seen.
            try await cluster.editSeen(spec: ["suspend": true])
            try await cluster.push("2")
            try cluster.uploadVersion("2.0.0")
            // What was listed before is too old by now.
            try await cluster.time.sleep(for: .seconds(3))
            try await cluster.edit(spec: ["suspend": false])
            let end = guilty == "code" ? ("1", "2.0.0") : ("2", "1.0.0")
            try await cluster.eventually("the innocent half runs", within: .seconds(20)) {
                cluster.isConverged(code: end.0, model: end.1)
            }
            try await cluster.eventually("the guilty one is known") {
                cluster.status()?.quarantine.contains { $0.half == (guilty == "code" ? .code : .model) } == true
            }
        }
    }
}
