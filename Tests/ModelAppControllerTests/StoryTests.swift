import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Testing

@Suite struct StoryTests {
    @Test func aNewModelAppRunsTheLatestPairPinnedByDigest() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("9")
            let digest = try await cluster.push("10")
            try cluster.uploadVersion("1.0.0")
            try cluster.uploadVersion("1.2.0")
            try await cluster.create()
            try await cluster.withOperator {
                try await cluster.converges(code: "10", model: "1.2.0")
                let live = try #require(cluster.live())
                #expect(live.image == "registry.test/api@\(digest)")
                #expect(live.uri == "s3://models/resnet/1.2.0/")
                let status = try #require(cluster.status())
                #expect(live.revision == status.model?.latest?.digest)
                #expect(status.code?.latest?.digest == digest)
                #expect(status.condition("CodeResolved")?.isTrue == true)
                #expect(status.condition("ModelResolved")?.isTrue == true)
                #expect(status.condition("Stalled") == nil)
                let pods = try #require(status.release?.pods)
                #expect(pods.desired == 2 && pods.onTarget == 2 && pods.onCurrent == 0 && pods.other == 0)
                #expect(cluster.releases().map(\.release.id) == [live.release])
            }
        }
    }

    @Test func aNewTagANewModelAndBothAtOnceAreOneReleaseEach() async throws {
        try await Cluster.withConvergedApp { cluster in
            let first = try #require(cluster.live())
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            let second = try #require(cluster.live())
            #expect(second.image != first.image && second.revision == first.revision)

            try cluster.uploadVersion("1.1.0")
            try await cluster.converges(code: "2", model: "1.1.0")
            let third = try #require(cluster.live())
            #expect(third.image == second.image && third.revision != second.revision)

            // Both appear while nobody looks, so that one look finds both.
            try await cluster.edit(spec: ["suspend": true])
            try await cluster.eventually("it rests") { cluster.condition("Ready")?.reason == "Suspended" }
            try cluster.uploadVersion("2.0.0")
            try await cluster.push("3")
            try await cluster.time.sleep(for: .seconds(2))
            #expect(cluster.live()?.tag == "2")
            try await cluster.edit(spec: ["suspend": false])
            try await cluster.converges(code: "3", model: "2.0.0")

            let history = try #require(cluster.status()).history
            let entries = history.map { "\($0.code) \($0.model) \($0.cause) \($0.result)" }
            let expected = [
                "3 2.0.0 NewCodeAndModel Converged", "2 1.1.0 NewModel Converged", "2 1.0.0 NewCode Converged",
                "1 1.0.0 First Converged",
            ]
            #expect(entries == expected)
            let releases = cluster.releases()
            #expect(releases.map(\.number) == [1, 2, 3, 4])
            #expect(releases.reversed().map(\.release.id) == history.map(\.id))
        }
    }

    @Test func theServiceSelectsThePodsOfTheDeployment() async throws {
        try await Cluster.withConvergedApp { cluster in
            let service = try #require(cluster.api.object(Service.resource, Cluster.key()))
            let deployment = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
            let selector = try #require(service["spec"]?["selector"]?.object)
            let labels = try #require(deployment["spec"]?["template"]?["metadata"]?["labels"]?.object)
            #expect(!selector.isEmpty)
            #expect(selector.allSatisfy { labels[$0.key] == $0.value })
            #expect(service["spec"]?["selector"] == deployment["spec"]?["selector"]?["matchLabels"])
            #expect(service["spec"]?["ports"]?[0]?["targetPort"] == 8080)
        }
    }

    @Test func anOlderPairThatIsTheLatestAgainIsAppliedUnderANewNumber() async throws {
        try await Cluster.withConvergedApp { cluster in
            let first = try #require(cluster.live())
            try cluster.uploadVersion("2.0.0")
            try await cluster.converges(code: "1", model: "2.0.0")
            try await cluster.edit(spec: ["rollout": ["skip": ["model": ["2.0.0"]]]])
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(cluster.live() == first)
            #expect(cluster.releases().map(\.release.id).last == first.release)
            #expect(cluster.releases().map(\.number) == [2, 3])
        }
    }

    @Test func theEndOfAModelAppIsTheEndOfItsObjects() async throws {
        try await Cluster.withConvergedApp { cluster in
            let uid = try #require(
                cluster.api.object(ModelApp.resource, Cluster.key())?["metadata"]?["uid"]?.string
            )
            try await cluster.client.delete(ModelApp.resource, Cluster.key(), uid: uid)
            try await cluster.eventually("nothing is left") {
                cluster.live() == nil && cluster.api.objects(ControllerRevision.resource).isEmpty
                    && cluster.api.object(Service.resource, Cluster.key()) == nil
            }
        }
    }
}
