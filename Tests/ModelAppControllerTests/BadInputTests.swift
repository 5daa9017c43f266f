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

/// Bar "bad input": a condition with reason, field and what to do; what runs stays untouched; another ModelApp in the
/// same operator is unaffected; when the cause goes, so does the condition.
@Suite struct BadInputTests {
    @Test(arguments: BadInput.ofSpecs + BadInput.ofSecrets + BadInput.ofRegistries + BadInput.ofStores)
    func isSaidAndLeavesWhatRunsAndHeals(_ input: BadInput) async throws {
        try await Cluster.withConvergedApp { cluster in
            try await cluster.push("1", to: "other")
            try await cluster.create(
                "other",
                registry: Cluster.otherRegistryHost,
                store: Cluster.otherStoreHost,
                repository: "other"
            )
            try await cluster.converges("other", code: "1", model: "1.0.0")
            let before = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
            try await input.happens(cluster)
            try await cluster.eventually("\(input) is said", within: .seconds(20)) {
                cluster.says(input.type, false, input.reason, input.parts)
            }
            try await cluster.push("2", to: "other")
            try await cluster.converges("other", code: "2", model: "1.0.0")
            let after = try #require(cluster.api.object(Deployment.resource, Cluster.key()))
            #expect(after["spec"] == before["spec"] && after["metadata"]?["uid"] == before["metadata"]?["uid"])
            #expect(cluster.releases().count == 1)
            #expect(cluster.condition("Ready")?.isTrue == (input.type != "Ready"))

            try await input.passes(cluster)
            try await cluster.eventually("\(input) is over", within: .seconds(20)) {
                cluster.condition("CodeResolved")?.isTrue == true && cluster.condition("ModelResolved")?.isTrue == true
                    && cluster.condition("Ready")?.isTrue == true && cluster.condition("Stalled") == nil
            }
            try await cluster.push("3")
            try await cluster.converges(code: "3", model: "1.0.0")
            #expect(Plants.found(in: cluster) == [])
        }
    }

    @Test func aTagThatCannotBeUsedIsPassedOver() async throws {
        try await Cluster.withConvergedApp { cluster in
            // Listed and gone; manifests of types that are no image; a name as long as names may be.
            let long = String(repeating: "9", count: 128)
            let registry = cluster.registry
            cluster.network.connect(
                Cluster.registryHost,
                to: Impostor { request in
                    switch request.path?.split(separator: "/").last {
                    case .some("2"):
                        let type = "application/vnd.docker.distribution.manifest.v1+json"
                        return LocalResponse(.ok, text: #"{"schemaVersion":1}"#, type: type)
                    case .some(Substring(long)): return LocalResponse(.ok, text: "<html></html>", type: "text/html")
                    case .some(let last) where last.hasPrefix("list"):
                        let text = #"{"name":"api","tags":["1","2","4","\#(long)"]}"#
                        return LocalResponse(.ok, text: text, type: "application/json")
                    default: return await registry.handle(request, body: HTTPBodyChunks([]), from: .anonymous)
                    }
                }
            )
            try await cluster.scans(3)
            #expect(cluster.isConverged(code: "1", model: "1.0.0"))
            cluster.network.connect(Cluster.registryHost, to: registry)
            try await cluster.push("3")
            try await cluster.converges(code: "3", model: "1.0.0")
        }
    }

    @Test func aPatternThatBacktrackersDieOfIsAnsweredInLinearTime() async throws {
        try await Cluster.withConvergedApp { cluster in
            let tags = (0..<10_000).map { "\"\(String(repeating: "a", count: 100))\($0)\"" }.joined(separator: ",")
            let list = Impostor("application/json", "{\"name\":\"api\",\"tags\":[\(tags),\"1\"]}")
            let registry = cluster.registry
            cluster.network.connect(
                Cluster.registryHost,
                to: Impostor { request in
                    (request.path ?? "").contains("/tags/list")
                        ? await list.handle(request, body: HTTPBodyChunks([]), from: .anonymous)
                        : await registry.handle(request, body: HTTPBodyChunks([]), from: .anonymous)
                }
            )
            try await cluster.edit(spec: ["code": ["filter": ["match": "(a+)+$"]]])
            try await cluster.eventually("none matches", within: .seconds(30)) {
                cluster.says("CodeResolved", false, "NoCandidate", ["none of 10001 tags", "does not match the filter"])
            }
            #expect(cluster.live()?.tag == "1")
        }
    }
}
