import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing
@testable import ModelAppController

/// Bar: 500 ModelApps on one repository and one prefix: one listing of tags and one of objects in each interval.
@Suite struct SharedScanTests {
    @Test func fiveHundredModelAppsShareOneListingOfTagsAndOneOfObjects() async throws {
        try await Cluster.with(factor: 4) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("keys")
            // A first release that waits for a window costs no object but the status: this is about scans.
            let today = cluster.time.date()
            let days: [JSONValue] = [today, today + .seconds(400 * 86_400)].map {
                .string(String($0.rfc3339.prefix(10)))
            }
            let freeze: JSONValue = ["name": "freeze", "from": days[0], "to": days[1]]
            let rollout: JSONValue = ["initial": "Wait", "blackouts": [freeze]]
            for number in 1...500 {
                try await cluster.create("app-\(number)", interval: "20s", secret: "keys", rollout: rollout)
            }
            let began = cluster.time.now
            try await cluster.withOperator {
                try await cluster.eventually("all have looked", about: "app-500", within: .seconds(50)) {
                    (1...500).allSatisfy { cluster.condition("ModelResolved", of: "app-\($0)")?.isTrue == true }
                }
                try await cluster.time.sleep(for: .seconds(60))
            }
            let intervals = (cluster.time.now - began).inSeconds / 20
            // A listing is served for nine tenths of an interval.
            let most = Int((intervals / 0.9).rounded(.up)) + 1
            #expect(cluster.network.tagListings <= most)
            #expect(cluster.network.objectListings - 1 <= most, "and one look into the version, once")
            #expect(cluster.network.tagListings >= 3)
        }
    }

    @Test func modelAppsWithDifferentSecretsNeverShare() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createSecret("one")
            try await cluster.createSecret("two")
            try await cluster.create("a", interval: "1h", secret: "one")
            try await cluster.create("b", interval: "1h", secret: "two")
            try await cluster.create("c", interval: "1h", secret: "two")
            try await cluster.withOperator {
                try await cluster.converges("a", code: "1", model: "1.0.0")
                try await cluster.converges("b", code: "1", model: "1.0.0")
                try await cluster.converges("c", code: "1", model: "1.0.0")
            }
            #expect(cluster.network.listings(below: "resnet%2F") == 2)
        }
    }

    @Test func aHostThatIsGoneIsAskedByOneOfManyAndOthersAreNotHeldBack() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            for number in 1...20 {
                try cluster.uploadVersion("1.0.0", below: "model-\(number)/")
                try await cluster.create("app-\(number)", prefix: "model-\(number)/")
            }
            try await cluster.create("other", store: Cluster.otherStoreHost)
            try await cluster.withOperator {
                for number in 1...20 { try await cluster.converges("app-\(number)", code: "1", model: "1.0.0") }
                cluster.network.disconnect(Cluster.storeHost)
                try await cluster.eventually("all say so") {
                    (1...20).allSatisfy { cluster.condition("ModelResolved", of: "app-\($0)")?.isTrue == false }
                }
                let began = cluster.time.now
                cluster.network.forget()
                try await cluster.time.sleep(for: .seconds(60))
                let asked = cluster.network.requests.count { $0.contains(" \(Cluster.storeHost)/") }
                // Pauses of 1, 2, 4, 8, 16, 32 s, each with one scan of three attempts.
                #expect(asked <= 7 * 3, "\(asked) requests in \(cluster.time.now - began)")
                try await cluster.push("2")
                try await cluster.converges("other", code: "2", model: "1.0.0")
                cluster.network.connect(Cluster.storeHost, to: cluster.store)
                try await cluster.eventually("all are well again") {
                    (1...20).allSatisfy { cluster.condition("ModelResolved", of: "app-\($0)")?.isTrue == true }
                }
            }
        }
    }

    @Test func aHostIsProbedByOneScanAfterAPauseThatDoublesAndAnAnswerEndsIt() async {
        let clock = TestClock()
        let hosts = HostBackoff(time: clock.timeSource())
        func ask(_ credential: String, _ reach: ScanFailure.Reach?) async -> String {
            do throws(ScanFailure) {
                try await hosts.perform("https://a", credential: credential) { () async throws(ScanFailure) in
                    guard let reach else { return }
                    throw ScanFailure(reason: "Down", message: "down", reach: reach)
                }
                return "answered"
            } catch {
                return error.isDeferred ? "deferred" : "asked"
            }
        }
        for pause in [1, 2, 4, 8] {
            #expect(await ask("x", .host) == "asked")
            #expect(await ask("y", nil) == "deferred")
            clock.advance(by: .seconds(pause))
        }
        #expect(await ask("y", nil) == "answered")
        #expect(await ask("x", .credential) == "asked")
        #expect(await ask("x", nil) == "deferred")
        #expect(await ask("y", .subject) == "asked")
        #expect(await ask("y", nil) == "answered")
    }

    @Test func whoWantsToKnowAtTheSameTimeGetsOneAnswerAndAFailureIsKept() async {
        let clock = TestClock()
        let scans = SharedScans<String, Int>(time: clock.timeSource())
        let count = Tally()
        let answers = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let scan = await scans.scan("key", maximumAge: .seconds(10)) { () async throws(ScanFailure) in
                        await Task.yield()
                        return await count.next()
                    }
                    return try? scan.result.get()
                }
            }
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(answers == Array(repeating: 1, count: 50))
        func fail() async -> Bool {
            let scan = await scans.scan("bad", maximumAge: .seconds(10)) { () async throws(ScanFailure) in
                _ = await count.next()
                throw ScanFailure(reason: "Down", message: "down")
            }
            if case .failure = scan.result { return true }
            return false
        }
        for _ in 0..<10 { #expect(await fail()) }
        #expect(await count.value == 2)
        clock.advance(by: .seconds(1))
        for _ in 0..<10 { #expect(await fail()) }
        #expect(await count.value == 3)
    }
}

/// Counts calls from several tasks.
private actor Tally {
    private(set) var value = 0

    func next() -> Int {
        value += 1
        return value
    }
}
