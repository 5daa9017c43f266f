import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

@Suite("What a fault script does to a conversation", .timeLimit(.minutes(1)))
struct FaultInjectionTests {
    private func code(_ body: () async throws -> Void) async -> HTTPTransportError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HTTPTransportError)?.code
        }
    }

    @Test func afterALostAnswerTheRequestHasBeenCarriedOut() async throws {
        let api = TestAPI(faults: FaultScript().on(.write, .loseAnswer))
        let lost = await code { _ = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("a")) }
        #expect(lost == .closed)
        #expect(try await api.call(.get, "\(TestAPI.configMaps)/a").status == 200)
    }

    @Test func aFaultIsForItsRequestsAndUsedUp() async throws {
        let api = TestAPI(
            faults: FaultScript().on(.path(containing: "/configmaps/a"), skip: 1, times: 2, .unavailable)
                .on(.method(.delete), .tooManyRequests(retryAfter: 7))
        )
        var codes: [Int] = []
        for _ in 0..<4 { codes.append(try await api.call(.get, "\(TestAPI.configMaps)/a").status) }
        #expect(codes == [404, 503, 503, 404])
        #expect(try await api.call(.get, TestAPI.configMaps).status == 200)
        let throttled = try await api.call(.delete, TestAPI.configMaps)
        #expect(throttled.status == 429)
        #expect(throttled.headers[.retryAfter] == "7")
    }

    @Test func aDroppedConnectionEndsInsideTheBody() async throws {
        let api = TestAPI(faults: FaultScript().on(.read, .dropAfter(bytes: 20)))
        let dropped = await code { _ = try await api.call(.get, TestAPI.configMaps) }
        #expect(dropped == .closed)
    }

    @Test func splitChunksGiveTheSameAnswer() async throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let api = TestAPI(faults: FaultScript().on(.read, .split(seed: seed)))
            _ = try await api.call(.post, TestAPI.configMaps, TestAPI.configMap("ä", ["k": "ü€😀"]))
            #expect(try await api.call(.get, TestAPI.configMaps).json["kind"] == "ConfigMapList")
        }
    }

    @Test func aStalledBodyEndsAtTheReadersLimit() async throws {
        let api = TestAPI(faults: FaultScript().on(.watch, .stall))
        async let end = code { _ = try await api.event("\(TestAPI.configMaps)?watch=true") }
        await api.pass(.seconds(3600))
        #expect(await end == .idle)
    }

    @Test func anAnswerThatNeverComesEndsAtTheHeadLimit() async throws {
        let api = TestAPI(faults: FaultScript().on(.any, .hang))
        async let end = code { _ = try await api.call(.get, TestAPI.configMaps) }
        await api.clock.waitForSleepers()
        api.clock.advance(by: .seconds(30))
        #expect(await end == .timeout)
    }

    @Test func aLateAnswerIsComplete() async throws {
        let api = TestAPI(faults: FaultScript().on(.any, .delay(.seconds(5))))
        async let answer = api.call(.get, TestAPI.configMaps)
        await api.clock.waitForSleepers()
        api.clock.advance(by: .seconds(5))
        #expect(try await answer.status == 200)
    }

    @Test func expiryComesAsStatusOrInTheStream() async throws {
        let asStatus = TestAPI(faults: FaultScript().on(.watch, .gone))
        #expect(try await asStatus.call(.get, "\(TestAPI.configMaps)?watch=true").status == 410)
        let inStream = TestAPI(faults: FaultScript().on(.watch, .goneInStream))
        let event = try await inStream.event("\(TestAPI.configMaps)?watch=true")
        #expect(event?[path: "object", "code"] == 410)
    }

    @Test func eventsComeTwiceAndACleanEndComesFirst() async throws {
        let api = TestAPI(faults: FaultScript().on(.watch, .duplicateEvents).on(.watch, .cleanClose))
        _ = try await api.call(.post, TestAPI.deployments, TestAPI.deployment("d", image: "a:1"))
        let twice = try await api.events("\(TestAPI.deployments)?watch=true", 2)
        #expect(twice.count == 2 && twice.first == twice.last)
        #expect(try await api.event("\(TestAPI.deployments)?watch=true") == nil)
    }

    @Test func aScriptSaysWhatItDoes() {
        let script = FaultScript().on(.write, skip: 1, times: 2, .loseAnswer)
        #expect(script.description == "write skip 1 times 2: loseAnswer")
    }
}
