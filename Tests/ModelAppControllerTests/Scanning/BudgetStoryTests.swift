import Artifacts
import DevCluster
import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ModelAppController
import Synchronization
import TestSupport
import Testing

/// An operator whose registry and store get few requests.
@Suite struct BudgetStoryTests {
    private static let limits = ScanLimits(requestsPerSecond: 4, burst: 4, slots: 16)

    @Test func manyModelAppsStartWithinTheBudgetAndNoneIsLeftOut() async throws {
        try await Cluster.with { cluster in
            for number in 1...12 {
                try await cluster.push("1", to: "api-\(number)")
                try cluster.uploadVersion("1.0.0", below: "model-\(number)/")
                try await cluster.create(
                    "app-\(number)",
                    interval: "10m",
                    repository: "api-\(number)",
                    prefix: "model-\(number)/"
                )
            }
            let times = Mutex<[ContinuousClock.Instant]>([])
            cluster.network.beforeEach { line in
                if line.contains(" \(Cluster.registryHost)/") { times.withLock { $0.append(cluster.time.now) } }
            }
            try await cluster.withOperator(scans: Self.limits) {
                for number in 1...12 { try await cluster.converges("app-\(number)", code: "1", model: "1.0.0") }
            }
            let sent = times.withLock { $0 }.sorted()
            #expect(sent.count >= 12 * 3)
            // A look at an image is two requests or three; those beyond the first are owed, and eight workers may owe at once.
            let most = 4 + 16 * 2
            for (index, time) in sent.enumerated() {
                let until = sent[index...].prefix { $0 - time <= .seconds(2) }
                #expect(until.count <= most + 2 * 4, "\(until.count) requests in two seconds")
            }
        }
    }

    @Test func aRequestForScansIsHandledOnceTheyHaveEnded() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(interval: "10m")
            for number in 1...6 { try await cluster.push("1", to: "other-\(number)") }
            try await cluster.withOperator(scans: ScanLimits(requestsPerSecond: 1, burst: 2, slots: 16)) {
                try await cluster.converges(code: "1", model: "1.0.0")
                // These take the turns before it.
                for number in 1...6 {
                    try await cluster.create("other-\(number)", interval: "2s", repository: "other-\(number)")
                }
                try await cluster.push("2")
                try await cluster.requestScan("now")
                // Handled means that the scans saw what was there when it was asked for.
                #expect(cluster.status()?.code?.latest?.tag == "2")
            }
        }
    }
}
