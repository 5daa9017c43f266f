import DevCluster
import HTTPTransport
import TestSupport
import Testing

@Suite("The embedded API server follows the rules that a real one follows", .timeLimit(.minutes(1)))
struct ConformanceTests {
    private func underTest(_ server: DevAPIServer) -> APIServerUnderTest {
        APIServerUnderTest(
            transport: InProcessTransport(to: server),
            server: HTTPURL(scheme: "http", host: "fake"),
            run: "t",
            disturbance: ServerDisturbance {
                server.compact()
            } restart: {
                server.restart()
            }
        )
    }

    private func server(_ profile: APIServerProfile) -> APIServerUnderTest {
        underTest(DevAPIServer(.init(profile: profile), time: TestClock().timeSource()))
    }

    @Test(arguments: (APIServerCase.all + APIServerCase.disturbances).filter(\.holdsOn1_20))
    func asVersion1_20(_ rule: APIServerCase) async throws { try await rule.run(server(.v1_20)) }

    @Test(arguments: (APIServerCase.all + APIServerCase.disturbances).filter(\.holdsOnCurrent))
    func asAPresentVersion(_ rule: APIServerCase) async throws { try await rule.run(server(.current)) }

    @Test(arguments: APIServerCase.garbageCollection)
    func withControllers(_ rule: APIServerCase) async throws {
        let server = DevAPIServer(time: .system)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await SimulatedControllers(server).run() }
            defer { group.cancelAll() }
            try await rule.run(underTest(server))
        }
    }

    @Test func rulesHaveNamesOfTheirOwn() {
        let all = APIServerCase.all + APIServerCase.disturbances + APIServerCase.garbageCollection
        // So many are compared with a real server of either age.
        #expect(all.count(where: \.holdsOn1_20) >= 60 && all.count(where: \.holdsOnCurrent) >= 60)
        #expect(Set(all.map(\.name)).count == all.count)
    }
}
