import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import TestSupport
import Testing

/// Bar: converged, nothing changes, with a thousand ModelApps on a few sources.
///
/// `make test-fleet` runs it, and `make test` does not: it is about how many there are, and takes both cores for minutes.
@Suite(.timeLimit(.minutes(15))) struct FleetTests {
    private static let names = (0..<1000).map { "app-\($0)" }
    private static let sources = 5
    private static let looks = 20

    @Test func aThousandConvergedAppsCauseNoWriteAndNoRequestButWatches() async throws {
        // A rollout has ten minutes, 150 real seconds.
        try await Cluster.with(factor: 4) { cluster in
            let stopwatch = Stopwatch()
            try await prepare(cluster)
            stopwatch.lap("\(Self.names.count) ModelApps created")
            let first = TestMetrics()
            try await cluster.withOperator(metrics: first) {
                for name in Self.names { try await converges(name, in: cluster) }
                stopwatch.lap("converged, \(cluster.api.requests.writes) requests to change something since the start")
                try await rests(cluster, first)
                stopwatch.lap("at rest")
                let version = cluster.api.resourceVersion
                cluster.api.resetRequests()
                try await look(Self.looks, first)
                stopwatch.lap("\(Self.looks) looks at each")
                #expect(others(cluster.api.requests) == [:])
                #expect(cluster.api.resourceVersion == version)
            }
            let version = cluster.api.resourceVersion
            cluster.api.resetRequests()
            let second = TestMetrics()
            try await cluster.withOperator(metrics: second) { try await look(2, second) }
            stopwatch.lap("started again and 2 looks at each, \(cluster.api.requests.count("watch")) watches opened")
            #expect(others(cluster.api.requests) == [:])
            #expect(cluster.api.resourceVersion == version)
        }
    }

    /// Two templates, one of them full of what API servers normalise, on five repositories and prefixes.
    private func prepare(_ cluster: Cluster) async throws {
        for source in 0..<Self.sources {
            try await cluster.push("1", to: "api-\(source)")
            try cluster.uploadVersion("1.0.0", below: "model-\(source)/")
        }
        for (number, name) in Self.names.enumerated() {
            let source = number % Self.sources
            try await cluster.create(
                name,
                interval: "6s",
                template: number % 2 == 0 ? Cluster.normalisedTemplate : Cluster.plainTemplate,
                repository: "api-\(source)",
                prefix: "model-\(source)/",
                replicas: 1
            )
        }
    }

    /// Looks seldom, because reading a status takes the API server's time.
    private func converges(_ name: String, in cluster: Cluster) async throws {
        let deadline = ContinuousClock.now + .seconds(200)
        while !cluster.isConverged(name, code: "1", model: "1.0.0") {
            guard ContinuousClock.now < deadline else {
                throw Cluster.NotReached(what: name, status: cluster.api.object(ModelApp.resource, Cluster.key(name)))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Waits until the operator has looked at every app that often.
    private func look(_ times: Int, _ metrics: TestMetrics) async throws {
        func count() -> Int {
            metrics["controller_runtime_reconcile_time_seconds,controller=modelapp"]?.samples.count ?? 0
        }
        // All have one interval, so that none is looked at twice before the others.
        let wanted = count() + times * Self.names.count
        let deadline = ContinuousClock.now + .seconds(200)
        while count() < wanted {
            try #require(ContinuousClock.now < deadline, "\(wanted - count()) looks are missing")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The last statuses may still be written when all apps are converged; a round later none is.
    private func rests(_ cluster: Cluster, _ metrics: TestMetrics) async throws {
        for _ in 0..<3 {
            let version = cluster.api.resourceVersion
            try await look(1, metrics)
            if cluster.api.resourceVersion == version { return }
        }
        Issue.record("the operator goes on writing")
    }

    /// What was asked for besides watches.
    private func others(_ requests: RequestCounts) -> [RequestCounts.Kind: Int] {
        requests.counts.filter { $0.key.verb != "watch" }
    }
}

/// Prints how long each part takes.
private final class Stopwatch {
    private var last = ContinuousClock.now

    func lap(_ what: String) {
        let now = ContinuousClock.now
        print("\(what): \(now - last)")
        last = now
    }
}
