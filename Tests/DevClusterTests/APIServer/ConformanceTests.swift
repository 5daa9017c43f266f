import DevCluster
import HTTPTransport
import TestSupport
import Testing

@Suite("The embedded API server follows the rules that a real one follows", .timeLimit(.minutes(1)))
struct ConformanceTests {
    private func server(_ profile: APIServerProfile) -> APIServerUnderTest {
        let server = DevAPIServer(.init(profile: profile), time: TestClock().timeSource())
        return APIServerUnderTest(
            transport: InProcessTransport(to: server),
            server: HTTPURL(scheme: "http", host: "fake"),
            run: "t"
        )
    }

    @Test(arguments: APIServerCase.all.filter(\.holdsOn1_20))
    func asVersion1_20(_ rule: APIServerCase) async throws { try await rule.run(server(.v1_20)) }

    @Test(arguments: APIServerCase.all.filter(\.holdsOnCurrent))
    func asAPresentVersion(_ rule: APIServerCase) async throws { try await rule.run(server(.current)) }

    @Test func rulesHaveNamesOfTheirOwn() {
        #expect(APIServerCase.all.count >= 60)
        #expect(Set(APIServerCase.all.map(\.name)).count == APIServerCase.all.count)
    }
}
