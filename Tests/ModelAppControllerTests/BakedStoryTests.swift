import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// `delivery.mode: Baked` as users see it.
@Suite struct BakedStoryTests {
    private static let repository = "registry.test/baked"

    private func create(_ cluster: Cluster, rollout: JSONValue = [:], auth: JSONValue? = nil) async throws {
        var baked: JSONValue = ["repository": .string(Self.repository)]
        if let auth { baked["auth"] = auth }
        let spec: JSONValue = [
            "interval": "1s", "rollout": rollout,
            "code": ["image": "registry.test/api", "select": ["numerical": [:]]],
            "model": [
                "s3": ["bucket": "models", "prefix": "resnet/", "endpoint": "https://s3.test"],
                "versions": [
                    "filter": ["match": "^(?<v>[0-9.]+)/$", "extract": "$v"], "select": ["semver": [:]],
                ],
                "complete": ["marker": "DONE"],
            ],
            "delivery": ["mode": "Baked", "baked": baked],
            "target": ["own": ["replicas": 2, "template": Cluster.plainTemplate]],
        ]
        try await cluster.apply(ApplyStep(ModelApp.resource, Cluster.key(), ["spec": spec]))
    }

    private func withBakedApp(_ body: (Cluster) async throws -> Void) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await body(cluster)
            }
        }
    }

    /// How often the content of a file of a model was asked for.
    private func reads(_ cluster: Cluster) -> Int {
        cluster.network.requests.count {
            $0.hasPrefix("GET") && $0.contains("weights.bin") && !$0.contains("list-type")
        }
    }

    @Test func aReleaseRunsOneImageOfCodeAndModelByDigest() async throws {
        try await withBakedApp { cluster in
            let live = try #require(cluster.live())
            #expect(live.image.hasPrefix("\(Self.repository)@sha256:"))
            #expect(live.version == "1.0.0" && live.uri.isEmpty)
            let status = try #require(cluster.status())
            #expect(status.release?.current?.image == live.image)
            #expect(status.release?.current?.restorable == true)
            #expect(cluster.network.requests.contains { $0.hasSuffix("/v2/baked/manifests/r-\(live.release)") })
            #expect(reads(cluster) == 1)
        }
    }

    @Test func newCodeReadsNothingOfTheModelAndANewModelNothingOfTheCode() async throws {
        try await withBakedApp { cluster in
            cluster.network.forget()
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            #expect(reads(cluster) == 0)
            cluster.network.forget()
            try cluster.uploadVersion("1.1.0")
            try await cluster.converges(code: "2", model: "1.1.0")
            #expect(reads(cluster) == 1)
            #expect(!cluster.network.requests.contains { $0.contains("?mount=") })
        }
    }

    @Test func anOlderPairIsAppliedAgainByItsDigestWithoutBaking() async throws {
        try await withBakedApp { cluster in
            let first = try #require(cluster.live())
            try cluster.uploadVersion("2.0.0")
            try await cluster.converges(code: "1", model: "2.0.0")
            // What is written down of it goes there too.
            let second = try #require(cluster.live())
            try await cluster.eventually("both have their receipts") {
                [first, second].allSatisfy { live in
                    cluster.network.requests.contains { $0.hasPrefix("PUT") && $0.hasSuffix("/c-\(live.release)") }
                }
            }
            cluster.network.forget()
            try await cluster.edit(spec: ["rollout": ["skip": ["model": ["2.0.0"]]]])
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(cluster.live() == first)
            #expect(!cluster.network.requests.contains { $0.hasPrefix("PUT registry.test") })
        }
    }

    @Test func theImageIsMadeWhileTheReleaseWaitsForItsWindow() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            // The clock begins on 1 January 2026, and no window opens before summer.
            let window: JSONValue = ["name": "summer", "cron": "0 2 1 7 *", "duration": "3h"]
            try await create(cluster, rollout: ["initial": "Wait", "windows": [window]])
            try await cluster.withOperator {
                try await cluster.eventually("the image is made") {
                    cluster.network.requests.contains { $0.hasPrefix("PUT registry.test/v2/baked/manifests/r-") }
                }
                try await cluster.eventually("the window alone is waited for") {
                    let target = cluster.status()?.release?.target
                    return target?.waitingFor == ["Window"] && target?.phase == .waiting
                }
                #expect(cluster.live() == nil)
            }
        }
    }

    @Test func aRepositoryThatRefusesIsSaidAndHealsByTheSecret() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster, auth: ["secretRef": ["name": "pusher"]])
            try await cluster.withOperator {
                try await cluster.eventually("it waits, and says why") {
                    cluster.says("Ready", false, "WaitingForBake", ["spec.delivery.baked.auth.secretRef", "pusher"])
                }
                let target = try #require(cluster.status()?.release?.target)
                #expect(target.phase == .preparing && target.waitingFor == ["Bake"])
                #expect(cluster.live() == nil)
                try await cluster.createSecret("pusher", [".dockerconfigjson": #"{"auths":{}}"#])
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func anOperatorThatEndedWhileItBakedIsFollowedByOneThatEndsWithTheSameImage() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await create(cluster)
            // Ended as soon as the model is asked for.
            try await cluster.withOperator {
                try await cluster.eventually("the bake has begun") { reads(cluster) > 0 }
            }
            try await cluster.withOperator { try await cluster.converges(code: "1", model: "1.0.0") }
            let image = try #require(cluster.live()?.image)
            // A cluster that was never disturbed makes the same.
            try await withBakedApp { other in #expect(other.live()?.image == image) }
        }
    }
}
