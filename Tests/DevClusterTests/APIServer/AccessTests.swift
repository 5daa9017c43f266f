import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite("Who may do what, and what is counted", .timeLimit(.minutes(1)))
struct AccessTests {
    private let tokens = [
        "admin": APIServerUser(name: "root"), "reader": APIServerUser(name: "eve", access: .readOnly),
        "nobody": APIServerUser(name: "mallory", access: .nothing),
    ]

    private func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

    @Test func withoutAKnownTokenThereIsOnlyHealth() async throws {
        let api = TestAPI(tokens: tokens)
        for headers in [[:], bearer("guess"), bearer("")] {
            let answer = try await api.call(.get, TestAPI.configMaps, headers: headers)
            #expect(answer.status == 401)
            #expect(answer.reason == "Unauthorized")
            #expect(try await api.call(.get, "/readyz", headers: headers).status == 200)
        }
        #expect(try await api.call(.get, TestAPI.configMaps, headers: bearer("admin")).status == 200)
    }

    @Test func aReaderMayNotWrite() async throws {
        let api = TestAPI(tokens: tokens)
        #expect(try await api.call(.get, TestAPI.configMaps, headers: bearer("reader")).status == 200)
        let answer = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a"), headers: bearer("reader"))
        #expect(answer.status == 403)
        #expect(answer.reason == "Forbidden")
        #expect(answer.json["message"]?.string?.contains("User \"eve\" cannot create resource \"configmaps\"") == true)
    }

    @Test func anAccessReviewTellsWhatTheUserMay() async throws {
        let api = TestAPI(tokens: tokens)
        for (token, verb, allowed) in [
            ("admin", "create", true), ("reader", "list", true), ("reader", "create", false), ("nobody", "get", false),
        ] {
            let review: JSONValue = [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": ["verb": .string(verb), "resource": "pods"]],
            ]
            let answer = try await api.call(
                .post,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                review,
                headers: bearer(token)
            )
            #expect(answer.json[path: "status", "allowed"] == .bool(allowed), "\(token) \(verb)")
        }
    }

    @Test func aClientCertificateNamesItsUser() async throws {
        let api = TestAPI(tokens: tokens)
        let transport = InProcessTransport(
            to: api.server,
            peer: LocalPeer(commonName: "kube", organizations: ["admins"])
        )
        let request = HTTPRequest(
            method: .post,
            scheme: "http",
            authority: "fake",
            path: "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        )
        let json = try await transport.withResponse(to: request, body: .bytes(Array("{}".utf8)), timeouts: .call) {
            _,
            chunks in
            try JSONValue(parsing: try await chunks.collect(upTo: 1 << 20))
        }
        #expect(json[path: "status", "userInfo", "username"] == "kube")
    }

    @Test func requestsAreCountedByVerbAndResourceAndDryRunsAreNot() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a"))
        _ = try await api.call(.get, TestAPI.configMaps)
        _ = try await api.call(.get, "\(TestAPI.configMaps)/a")
        _ = try await api.call(
            .patch,
            "\(TestAPI.configMaps)/a?fieldManager=m&force=true",
            TestAPI.configMap("a"),
            type: "application/apply-patch+yaml"
        )
        _ = try await api.call(.patch, "\(TestAPI.configMaps)/a", [:], type: "application/merge-patch+json")
        _ = try await api.call(.delete, "\(TestAPI.configMaps)/a?dryRun=All")
        let counts = api.server.requests
        #expect(counts.count("create", "configmaps") == 1)
        #expect(counts.count("list") == 1)
        #expect(counts.count("get", "configmaps", subresource: "") == 1)
        #expect(counts.count("apply") == 1)
        #expect(counts.count("patch") == 1)
        #expect(counts.count("delete") == 0)
        #expect(counts.writes == 3)
        api.server.resetRequests()
        #expect(api.server.requests.counts.isEmpty)
    }

    @Test func eventsAndLeasesAreNoWrites() async throws {
        let api = TestAPI()
        let lease: JSONValue = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"], "spec": [:],
        ]
        #expect(
            try await api.call(.post, "/apis/coordination.k8s.io/v1/namespaces/default/leases", lease).status == 201
        )
        #expect(api.server.requests.writes == 0)
    }

    @Test func aBodyBeyondTheLimitIsRefused() async throws {
        let api = TestAPI()
        let text = String(repeating: "x", count: 4 << 20)
        let answer = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a", ["a": text]))
        #expect(answer.status == 413)
    }
}
