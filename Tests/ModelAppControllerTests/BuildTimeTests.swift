import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI
import Testing

/// `newest` at a registry that tells no push times.
@Suite struct BuildTimeTests {
    private static let newest: JSONValue = ["code": ["select": ["numerical": .null, "newest": .object([:])]]]

    private func created(_ day: Int) -> String { "2026-01-0\(day)T10:00:00Z" }

    @Test func theImageThatWasBuiltLastIsTheNewestAndEachIsReadOnce() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("blue", created: created(2))
            try await cluster.push("amber", created: created(3))
            try await cluster.push("cyan", created: created(1))
            try await cluster.push("epoch", created: "1970-01-01T00:00:00Z")
            try await cluster.push("silent")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            try await cluster.edit(spec: Self.newest)
            try await cluster.withOperator {
                try await cluster.converges(code: "amber", model: "1.0.0")
                #expect(cluster.says("CodeResolved", true, "Succeeded", ["latest is amber", "build times"]))
                // An older build that is pushed later is no newer.
                try await cluster.push("dun", created: created(2))
                try await cluster.scans(3)
                #expect(cluster.isConverged(code: "amber", model: "1.0.0"))
                try await cluster.push("cyan", created: created(4))
                try await cluster.converges(code: "cyan", model: "1.0.0")
                try await cluster.scans(3)
            }
            // Seven images have a configuration each; one is looked at again for its platform only by its digest.
            let reads = cluster.network.requests.count { $0.hasPrefix("GET") && $0.contains("/blobs/") }
            #expect(reads == 7)
        }
    }

    @Test func tagsOfOneImageRankTheSameAndThatIsSaid() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1.0", created: created(1))
            try await cluster.push("2.0", created: created(2))
            // The same build under another tag: `push` makes the layer from the tag, so the time alone is the same.
            try await cluster.push("latest", created: created(2))
            try cluster.uploadVersion("1.0.0")
            // Nothing runs yet: what ranks the same as what runs is not told from what is older.
            let today = cluster.time.date()
            let days: [JSONValue] = [today, today + .seconds(400 * 86_400)].map {
                .string(String($0.rfc3339.prefix(10)))
            }
            let freeze: JSONValue = ["name": "freeze", "from": days[0], "to": days[1]]
            try await cluster.create(rollout: ["initial": "Wait", "blackouts": [freeze]])
            try await cluster.edit(spec: Self.newest)
            try await cluster.withOperator {
                try await cluster.eventually("the tie is told") {
                    let parts = ["latest is latest", "latest and 2.0 rank the same", "build times"]
                    return cluster.says("CodeResolved", true, "Succeeded", parts)
                }
            }
        }
    }

    @Test func moreTagsThanCanBeReadAreRefusedAndAFilterHelps() async throws {
        try await Cluster.with { cluster in
            for number in 1...101 { try await cluster.push("build-\(number)", created: created(1)) }
            try await cluster.push("release-1", created: created(2))
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(interval: "2s")
            try await cluster.edit(spec: Self.newest)
            try await cluster.withOperator {
                try await cluster.eventually("it is refused") {
                    let parts = ["spec.code.select.newest", "102 images", "spec.code.filter"]
                    return cluster.says("CodeResolved", false, "TooManyTags", parts)
                }
                #expect(!cluster.network.requests.contains { $0.contains("/blobs/") })
                try await cluster.edit(spec: ["code": ["filter": ["match": "^release-"]]])
                try await cluster.converges(code: "release-1", model: "1.0.0")
            }
        }
    }
}
