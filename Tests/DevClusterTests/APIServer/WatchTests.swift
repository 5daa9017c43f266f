import DevCluster
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite("Watches of the embedded API server", .timeLimit(.minutes(1)))
struct WatchTests {
    private func created(_ api: TestAPI, _ name: String) async throws -> String {
        try await api.call(.post, TestAPI.configMaps, TestAPI.configMap(name)).version
    }

    @Test func aWatchEndsCleanlyAtItsTimeout() async throws {
        let api = TestAPI()
        let version = try await created(api, "a")
        async let event = api.event("\(TestAPI.configMaps)?watch=true&resourceVersion=\(version)&timeoutSeconds=10")
        await api.pass(.seconds(8), .seconds(2))
        #expect(try await event == nil)
    }

    @Test func version1_20SendsABookmarkOnlyForNewsOfTheResource() async throws {
        let api = TestAPI(.v1_20)
        let version = try await created(api, "a")
        let target = "\(TestAPI.configMaps)?watch=true&allowWatchBookmarks=true&timeoutSeconds=100&labelSelector=l"
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
        async let end = api.event("\(target)&resourceVersion=\(version)")
        await api.pass(.seconds(60), .seconds(38), .seconds(2))
        #expect(try await end == nil)
        let news = try await created(api, "b")
        async let later = api.event("\(target)&resourceVersion=\(version)")
        await api.pass(.seconds(60))
        let bookmark = try await later
        #expect(bookmark?["type"] == "BOOKMARK")
        #expect(bookmark?[path: "object", "metadata", "resourceVersion"]?.string == news)
    }

    @Test func aPresentServerBookmarksTheVersionOfTheWholeStore() async throws {
        let api = TestAPI(.current)
        let version = try await created(api, "a")
        let other = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1")).version
        async let event = api.event(
            "\(TestAPI.configMaps)?watch=true&allowWatchBookmarks=true&timeoutSeconds=10&resourceVersion=\(version)"
        )
        // Two seconds before the end.
        await api.pass(.seconds(8))
        let bookmark = try await event
        #expect(bookmark?["type"] == "BOOKMARK")
        #expect(bookmark?[path: "object", "metadata", "resourceVersion"]?.string == other)
    }

    @Test func withoutBookmarksThereAreNone() async throws {
        let api = TestAPI()
        let version = try await created(api, "a")
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
        async let event = api.event("\(TestAPI.configMaps)?watch=true&timeoutSeconds=10&resourceVersion=\(version)")
        await api.pass(.seconds(8), .seconds(2))
        #expect(try await event == nil)
    }

    @Test func compactionAloneLeavesWatchesButNotListsAndTokens() async throws {
        let api = TestAPI()
        let version = try await created(api, "a")
        _ = try await created(api, "b")
        let page = try await api.call(.get, "\(TestAPI.configMaps)?limit=1")
        let token = page.json[path: "metadata", "continue"]?.string ?? ""
        _ = try await created(api, "c")
        api.server.compact()
        let list = try await api.call(
            .get,
            "\(TestAPI.configMaps)?resourceVersion=\(version)&resourceVersionMatch=Exact"
        )
        #expect(list.status == 410)
        #expect(list.reason == "Expired")
        let rest = try await api.call(.get, "\(TestAPI.configMaps)?limit=10&continue=\(token)")
        #expect(rest.status == 410)
        // The answer carries a token that goes on without consistency.
        let fresh = rest.json[path: "metadata", "continue"]?.string ?? ""
        let inconsistent = try await api.call(.get, "\(TestAPI.configMaps)?limit=10&continue=\(fresh)")
        #expect(inconsistent.json["items"]?.array?.compactMap { $0[path: "metadata", "name"]?.string } == ["b", "c"])
        let event = try await api.event("\(TestAPI.configMaps)?watch=true&resourceVersion=\(version)")
        #expect(event?[path: "object", "metadata", "name"] == "b")
    }

    @Test func afterARestartAnOldVersionIsExpiredInsideTheStream() async throws {
        let api = TestAPI()
        let version = try await created(api, "a")
        let last = try await created(api, "b")
        async let ended = api.event("\(TestAPI.configMaps)?watch=true&resourceVersion=\(last)")
        await api.clock.waitForSleepers()
        api.server.restart()
        #expect(try await ended == nil)
        // Two are asked for: the stream ends after the error.
        let events = try await api.events("\(TestAPI.configMaps)?watch=true&resourceVersion=\(version)", 2)
        #expect(events.count == 1)
        let error = events.first
        #expect(error?["type"] == "ERROR")
        #expect(error?[path: "object", "code"] == 410)
        #expect(error?[path: "object", "reason"] == "Expired")
    }

    @Test func aForgottenHistoryIsExpired() async throws {
        let api = TestAPI(historyLimit: 5)
        let version = try await created(api, "a")
        for index in 0..<20 { _ = try await created(api, "b\(index)") }
        let error = try await api.event("\(TestAPI.configMaps)?watch=true&resourceVersion=\(version)")
        #expect(error?["type"] == "ERROR")
    }

    @Test func endedWatchesGoOnFromTheirLastVersion() async throws {
        let api = TestAPI()
        let version = try await created(api, "a")
        api.server.endWatches()
        _ = try await created(api, "b")
        let event = try await api.event("\(TestAPI.configMaps)?watch=true&resourceVersion=\(version)")
        #expect(event?["type"] == "ADDED")
    }

    @Test func aWatchAsATableHasOneRowAnEvent() async throws {
        let api = TestAPI()
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
        let event = try await api.events(
            "\(TestAPI.deployments)?watch=true",
            1,
            headers: [.accept: "application/json;as=Table;v=v1;g=meta.k8s.io"]
        ).first
        #expect(event?[path: "object", "kind"] == "Table")
        #expect(event?[path: "object", "rows"]?[0]?["cells"]?[0] == "d")
    }

    @Test func aDeletedDefinitionEndsItsWatches() async throws {
        let api = TestAPI()
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Cluster", "names": ["plural": "things", "kind": "Thing"],
                "versions": [
                    ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]
                ],
            ],
        ]
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        #expect(try await api.call(.post, definitions, definition).status == 201)
        async let event = api.event("/apis/example.com/v1/things?watch=true")
        await api.clock.waitForSleepers()
        _ = try await api.call(.delete, definitions + "/things.example.com")
        #expect(try await event == nil)
    }
}
