import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import Synchronization
import Testing
import Triggers

@testable import ModelAppController

/// A webhook makes scans due, those of who names its Secret and uses what it is about, and does nothing else.
@Suite struct WebhookStoryTests {
    static let token = "0123456789abcdef0123456789abcdef"

    private static func request(
        _ body: JSONValue? = nil,
        secret: String = "hook",
        token: String = token,
        headers: [String: String]? = nil
    ) throws -> WebhookRequest {
        let path = HookPath(try HookToken(Array(Self.token.utf8)), namespace: "default", name: secret)
        return WebhookRequest(
            path: path.description,
            headers: headers ?? ["authorization": "Bearer \(token)"],
            body: body?.canonicalBytes ?? []
        )
    }

    private static func pushed(_ tag: String, to repository: String = "api", id: String = "1") -> JSONValue {
        [
            "id": .string(id), "action": "push", "target": ["repository": .string(repository), "tag": .string(tag)],
            "request": ["host": .string(Cluster.registryHost)],
        ]
    }

    private static func uploaded(_ key: String) -> JSONValue {
        ["Records": [["s3": ["bucket": ["name": .string(Cluster.bucket)], "object": ["key": .string(key)]]]]]
    }

    /// ModelApps that look by themselves once in ten hours, and name the Secret `hook`.
    private func story(
        apps: [String] = ["app"],
        _ body: (Cluster, WebhookReceiver) async throws -> Void
    ) async throws {
        try await Cluster.with(factor: 1) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("hook", ["token": Self.token])
            for app in apps {
                try await cluster.create(app, interval: "10h")
                try await cluster.edit(app, spec: ["triggers": ["webhook": ["secretRef": ["name": "hook"]]]])
            }
            try await cluster.withOperator { parts in
                for app in apps { try await cluster.converges(app, code: "1", model: "1.0.0") }
                cluster.network.forget()
                try await body(cluster, parts.webhooks)
            }
        }
    }

    @Test func aPushReachesTheDeploymentInLessThanASecond() async throws {
        try await story { cluster, hooks in
            try await cluster.push("2")
            let began = ContinuousClock.now
            let answer = await hooks.receive(try Self.request(Self.pushed("2")))
            #expect(answer.status == 200 && answer.text == #"{"triggered":1}"#)
            try await cluster.eventually("the Deployment has it") { cluster.live()?.tag == "2" }
            let took = ContinuousClock.now - began
            #expect(took < .seconds(1), "\(took)")
            #expect(cluster.network.objectListings == 0, "the model half was not asked")
        }
    }

    @Test func anUploadReachesTheDeploymentAndLeavesTheRegistryAlone() async throws {
        try await story { cluster, hooks in
            try cluster.uploadVersion("2.0.0")
            let answer = await hooks.receive(try Self.request(Self.uploaded("resnet/2.0.0/DONE")))
            #expect(answer.text == #"{"triggered":1}"#)
            try await cluster.eventually("the Deployment has it") { cluster.live()?.version == "2.0.0" }
            #expect(cluster.network.tagListings == 0)
        }
    }

    @Test func manyThatShareARepositoryAreServedByOneListing() async throws {
        let apps = (1...20).map { "app-\($0)" }
        try await story(apps: apps) { cluster, hooks in
            try await cluster.push("2")
            let answer = await hooks.receive(try Self.request(Self.pushed("2")))
            #expect(answer.text == #"{"triggered":20}"#)
            for app in apps { try await cluster.converges(app, code: "2", model: "1.0.0") }
            #expect(cluster.network.tagListings == 1)
        }
    }

    @Test func whatIsAboutNothingOfItsModelAppsCostsNoScan() async throws {
        try await story { cluster, hooks in
            // Names no Secret, or another.
            try await cluster.create("without", interval: "10h")
            try await cluster.converges("without", code: "1", model: "1.0.0")
            cluster.network.forget()
            let bodies = [Self.pushed("2", to: "other"), Self.uploaded("bert/1/DONE"), ["id": "1", "action": "ping"]]
            for body in bodies {
                let answer = await hooks.receive(try Self.request(body))
                #expect(answer.status == 200 && answer.text == #"{"triggered":0}"#)
            }
            let answer = await hooks.receive(try Self.request())
            #expect(answer.text == #"{"triggered":1}"#, "without a payload: all that name the Secret, and no other")
            try await cluster.eventually("it looked") { cluster.network.tagListings == 1 }
        }
    }

    @Test func strangersRepeatersAndFloodsCauseNothing() async throws {
        try await story { cluster, hooks in
            let wrong = "another-token-of-32-characters--"
            #expect(await hooks.receive(try Self.request(Self.pushed("2"), token: wrong)).status == 401)
            #expect(await hooks.receive(try Self.request(Self.pushed("2"), headers: [:])).status == 401)
            #expect(await hooks.receive(try Self.request(Self.pushed("2"), secret: "keys")).status == 404)
            #expect(await hooks.receive(WebhookRequest(path: "/")).status == 404)
            var get = try Self.request()
            get.method = "GET"
            #expect(await hooks.receive(get).status == 405)
            #expect(cluster.network.requests == [])
            let push = try Self.request(Self.pushed("2"))
            #expect(await hooks.receive(push).text == #"{"triggered":1}"#)
            #expect(await hooks.receive(push).text == #"{"triggered":0}"#)
            var statuses: [Int: Int] = [:]
            for _ in 0..<200 { statuses[await hooks.receive(push).status, default: 0] += 1 }
            #expect(statuses[429, default: 0] > 50 && statuses[200, default: 0] > 50, "\(statuses)")
        }
    }

    @Test func aSecretThatComesLaterIsFoundAndStrangersCauseNoReads() async throws {
        try await Cluster.with(factor: 20) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(interval: "10h")
            try await cluster.edit(spec: ["triggers": ["webhook": ["secretRef": ["name": "hook"]]]])
            let reads = RequestLog(InProcessTransport(to: cluster.api))
            try await cluster.withOperator(over: reads) { parts in
                try await cluster.converges(code: "1", model: "1.0.0")
                for _ in 0..<50 { #expect(await parts.webhooks.receive(try Self.request()).status == 404) }
                #expect(reads.count("/secrets/hook") <= 2)
                #expect(cluster.log.lines.count { $0.contains("there is no Secret hook in namespace default") } == 1)
                try await cluster.createSecret("hook", ["token": "short"])
                try await cluster.time.sleep(for: .seconds(11))
                #expect(await parts.webhooks.receive(try Self.request()).status == 404)
                try await cluster.createSecret("hook", ["token": Self.token])
                let deadline = ContinuousClock.now + .seconds(60)
                while await parts.webhooks.receive(try Self.request()).status != 200 {
                    try #require(ContinuousClock.now < deadline)
                    try await cluster.time.sleep(for: .seconds(11))
                }
            }
            #expect(!cluster.log.lines.contains { $0.contains(Self.token) })
        }
    }

    @Test func aReplicaThatDoesNotLeadPassesItOnToTheOneThatDoes() async throws {
        // Slow, so that a loaded machine does not cost the first its lease.
        try await Cluster.with(factor: 2) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("hook", ["token": Self.token])
            try await cluster.create(interval: "10h")
            try await cluster.edit(spec: ["triggers": ["webhook": ["secretRef": ["name": "hook"]]]])
            let (first, second) = (try Replica("first", in: cluster), try Replica("second", in: cluster))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await first.run() }
                try await cluster.eventually("the first leads") { cluster.leader == "first" }
                group.addTask { try await second.run() }
                try await cluster.converges(code: "1", model: "1.0.0")
                try await cluster.push("2")
                var answer = WebhookAnswer(503)
                while answer.status == 503 {
                    answer = await second.webhooks.receive(try Self.request(Self.pushed("2")))
                }
                #expect(answer.text == #"{"triggered":1}"#)
                try await cluster.converges(code: "2", model: "1.0.0")
                #expect(cluster.leader == "first")
                #expect(cluster.status()?.lastHandledReconcileAt?.hasPrefix("webhook ") == true)
                await first.stop()
                await second.stop()
                try await group.waitForAll()
            }
        }
    }
}

/// Keeps the paths that pass.
private final class RequestLog: HTTPTransport {
    private let base: any HTTPTransport
    private let paths = Mutex<[String]>([])

    init(_ base: any HTTPTransport) { self.base = base }

    func count(_ part: String) -> Int { paths.withLock { $0.count { $0.contains(part) } } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        paths.withLock { $0.append(request.path ?? "") }
        return try await base.withResponse(to: request, body: body, timeouts: timeouts, consume)
    }
}
