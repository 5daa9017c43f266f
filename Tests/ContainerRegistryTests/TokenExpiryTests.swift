import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import ContainerRegistry

/// Bar: a registry whose tokens expire after three seconds: 10,000 requests, no failed scan.
@Suite(.timeLimit(.minutes(2))) struct TokenExpiryTests {
    private static let life = Duration.seconds(3)
    private static let wanted = 10_000

    /// A registry on a clock of its own, whose requests and answers are on their way for up to `latency`.
    private final class Server: Sendable {
        private struct State {
            var random: SplitMix64
            var issued: [String: ContinuousClock.Instant] = [:]
            var refused = 0
        }

        private let state: Mutex<State>
        private let clock: TestClock
        private let latency: Int

        init(_ clock: TestClock, latency: Int, seed: UInt64) {
            self.clock = clock
            self.latency = latency
            state = Mutex(State(random: SplitMix64(seed: seed)))
        }

        /// How many requests carried a token that was not good any more.
        var refused: Int { state.withLock { $0.refused } }

        private func travel() {
            let time = state.withLock { Int.random(in: 0...latency, using: &$0.random) }
            clock.advance(by: .milliseconds(time))
        }

        func answer(_ request: HTTPRequest) -> FakeTransport.Answer {
            travel()
            defer { travel() }
            let now = clock.now
            if request.authority == "auth.io" {
                let token = state.withLock { state in
                    let token = "t\(state.issued.count)"
                    state.issued[token] = now
                    return token
                }
                return .json("{\"token\":\"\(token)\",\"expires_in\":3}")
            }
            guard let header = request.headerFields[.authorization] else { return challenge }
            let isGood = state.withLock { state in
                let issued = state.issued[String(header.dropFirst(7))]
                let isGood = issued.map { now - $0 < TokenExpiryTests.life } ?? false
                if !isGood { state.refused += 1 }
                return isGood
            }
            guard isGood else { return challenge }
            guard request.bare.hasSuffix("/tags/list") else {
                return .init(200, [.contentType: "application/vnd.oci.image.manifest.v1+json", .digest: Self.digest])
            }
            // Five pages a list.
            let page = request.query("last").flatMap { Int($0.dropFirst()) }.map { $0 + 1 } ?? 1
            var link: HTTPFields = [:]
            if page < 5, let name = HTTPField.Name("Link") {
                link[name] = "<\(request.bare)?n=1000&last=v\(page)>; rel=\"next\""
            }
            return .json("{\"name\":\"x\",\"tags\":[\"v\(page)\"]}", link)
        }

        private static let digest = sha256("x").description

        private var challenge: FakeTransport.Answer {
            .challenge(#"Bearer realm="https://auth.io/token",service="r.io",scope="repository:x:pull""#)
        }
    }

    /// Slow enough that tokens expire on the way to the registry, and fast enough that a fresh one arrives.
    @Test(arguments: [0, 200, 700, 1400]) func noScanFails(latency: Int) async throws {
        let clock = TestClock()
        let server = Server(clock, latency: latency, seed: UInt64(latency))
        let transport = FakeTransport { request, _ in server.answer(request) }
        let client = RegistryClient(
            transport: transport,
            time: clock.timeSource(),
            keyring: .basic("r.io"),
            retry: .never,
            random: { 0 }
        )
        var random = SplitMix64(seed: 7)
        let image = try reference("r.io/x")
        var scans = 0
        while transport.exchanges.count < Self.wanted {
            scans += 1
            #expect(try await client.tags(of: image).count == 5, "scan \(scans)")
            #expect(try await client.resolve(image, tag: "v1") == sha256("x"), "scan \(scans)")
            clock.advance(by: .milliseconds(Int.random(in: 0...4000, using: &random)))
        }
        // The test means something: tokens were refused, and renewed.
        // Up to 750 ms none is: they are renewed at three quarters of their life.
        if latency > 750 { #expect(server.refused > 50) }
        #expect(scans > Self.wanted / 20)
    }
}

extension HTTPField.Name {
    fileprivate static var digest: HTTPField.Name { HTTPField.Name("Docker-Content-Digest") ?? .eTag }
}
