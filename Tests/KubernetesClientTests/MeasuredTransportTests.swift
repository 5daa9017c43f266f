import HTTPTransport
import HTTPTypes
import Metrics
import Synchronization
import TestSupport
import Testing

@testable import KubernetesClient

/// Remembers sums by dimensions, as `code method`.
private final class Sums: MetricsFactory, Sendable {
    private final class Sum: CounterHandler, Sendable {
        let value = Mutex<Int64>(0)
        func increment(by amount: Int64) { value.withLock { $0 += amount } }
        func reset() { value.withLock { $0 = 0 } }
    }

    private let sums = Mutex<[String: Sum]>([:])
    private let rest = NOOPMetricsHandler.instance

    var values: [String: Int64] {
        sums.withLock { $0 }.mapValues { sum in sum.value.withLock { $0 } }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let values = Dictionary(dimensions) { first, _ in first }
        let key = "\(label) \(values["host"] ?? "") \(values["code"] ?? "") \(values["method"] ?? "")"
        return sums.withLock { sums in
            let sum = sums[key] ?? Sum()
            sums[key] = sum
            return sum
        }
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        rest.makeMeter(label: label, dimensions: dimensions)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        rest.makeRecorder(label: label, dimensions: dimensions, aggregate: aggregate)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        rest.makeTimer(label: label, dimensions: dimensions)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

@Suite struct MeasuredTransportTests {
    private struct Refused: Error {}
    private let sums = Sums()

    private func send(_ method: HTTPRequest.Method, over base: FakeTransport, fails: Bool = false) async throws {
        let transport = MeasuredTransport(base, host: "server", metrics: sums)
        let request = HTTPRequest(method: method, scheme: "https", authority: "server", path: "/api")
        try await transport.withResponse(to: request, body: nil, timeouts: .call) { _, _ in
            if fails { throw Refused() }
        }
    }

    private func count(_ code: String, _ method: String) -> Int64? {
        sums.values["rest_client_requests_total server \(code) \(method)"]
    }

    @Test func answersCountByCodeAndMethodAndSilenceAsAnError() async throws {
        try await send(.get, over: FakeTransport { _, _ in FakeTransport.Answer(200) })
        try await send(.patch, over: FakeTransport { _, _ in FakeTransport.Answer(409) })
        let dead = FakeTransport { _, _ in throw HTTPTransportError(.connect, "refused") }
        await #expect(throws: HTTPTransportError.self) { try await send(.get, over: dead) }
        #expect(count("200", "GET") == 1 && count("409", "PATCH") == 1 && count("<error>", "GET") == 1)
        #expect(count("200", "DELETE") == 0, "the series is there before the first request")
    }

    @Test func anAnswerThatItsReaderRefusesCountsOnce() async throws {
        let base = FakeTransport { _, _ in FakeTransport.Answer(200) }
        await #expect(throws: Refused.self) { try await send(.get, over: base, fails: true) }
        #expect(count("200", "GET") == 1 && count("<error>", "GET") == nil)
    }
}
