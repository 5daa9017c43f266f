import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// When both halves of a release were new and it failed, the guilty one is found and the innocent one is released.
@Suite(.timeLimit(.minutes(1)))
struct BlameTests {
    /// What is wrong with code 2 and model 2.
    enum Guilt: CaseIterable {
        case code
        case model
        case both
        case together

        func isBad(_ code: String, _ model: String) -> Bool {
            switch self {
            case .code: code == "2"
            case .model: model == "2/"
            case .both: code == "2" || model == "2/"
            case .together: code == "2" && model == "2/"
            }
        }

        /// What runs in the end, and what is in quarantine.
        var end: (live: String, quarantine: Set<String>) {
            switch self {
            case .code: ("1 2/", ["code 2", "pair 2 + 2/"])
            case .model: ("2 1/", ["model 2/", "pair 2 + 2/"])
            case .both: ("1 1/", ["code 2", "model 2/", "pair 2 + 2/"])
            case .together: ("2 1/", ["pair 2 + 2/"])
            }
        }
    }

    private func converged(_ changes: [String: JSONValue?]) throws -> World {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        world.app = try edited(world.app, changes)
        return world
    }

    private func judge(_ guilt: Guilt, _ operation: CheckOperation) -> CheckProgress {
        let code = operation.facts["MODELAPP_CODE_TAG"] ?? ""
        let model = operation.facts["MODELAPP_MODEL_VERSION"] ?? ""
        return .finished(guilt.isBad(code, model) ? .failed(message: "wrong label", detail: nil) : .passed)
    }

    @Test(arguments: Guilt.allCases)
    func checksFindTheGuiltyHalf(_ guilt: Guilt) throws {
        var world = try converged(["rollout.verify": World.http])
        var made: [CheckOperation] = []
        for _ in 0..<4 {
            made += try world.verify(Fixtures.resolution(2, 2)) { judge(guilt, $0) }
            world.finishRollout()
        }
        try world.settle(Fixtures.resolution(2, 2))
        #expect(world.live == guilt.end.live)
        #expect(Set(world.quarantine) == guilt.end.quarantine)
        #expect(made.count == 3, "the pair and each of its halves")
        #expect(world.objects[World.candidate] == nil)
        #expect(world.app.status.condition("Ready")?.isTrue == true)
        #expect(try world.plan(Fixtures.resolution(2, 2)).isEmpty)
        // What is newer than both is tried as it always is.
        try world.verify(Fixtures.resolution(3, 3))
        world.finishRollout()
        try world.settle(Fixtures.resolution(3, 3))
        #expect(world.live == "3 3/")
    }

    /// Without checks a pair fails by its rollout; its halves are then tried as candidates, which have to become ready.
    @Test(arguments: Guilt.allCases)
    func candidatesFindItWithoutChecks(_ guilt: Guilt) throws {
        var world = try converged([:])
        var bad = 0
        for _ in 0..<12 {
            try world.settle(Fixtures.resolution(2, 2))
            let parts = world.live.split(separator: " ").map(String.init)
            if guilt.isBad(parts[0], parts[1]) {
                bad += 1
                world.failRollout(Trouble.crash)
                continue
            }
            if let candidate = try world.observation().releases.first(where: { $0.verification?.phase == .running }) {
                let isBad = guilt.isBad(candidate.release.code.tag, candidate.release.model.version)
                world.finishCandidate(isBad ? Trouble.loop : nil)
                // One pass: the next candidate is none of this one's.
                try world.carryOut(try world.plan(Fixtures.resolution(2, 2)))
                world.candidateTrouble = nil
            }
            world.finishRollout(candidates: false)
        }
        try world.settle(Fixtures.resolution(2, 2))
        #expect(world.live == guilt.end.live)
        #expect(Set(world.quarantine) == guilt.end.quarantine)
        #expect(bad == 1, "only the pair itself ever got traffic")
    }

    @Test func whatIsTriedForBlameWaitsForItsGates() throws {
        var world = try converged(["rollout.verify": World.http, "rollout.approval": ["for": ["Code"]]])
        try world.settle(Fixtures.resolution(2, 2))
        let pair = try #require(world.app.status.release?.target?.id)
        world.app.metadata.annotations[Keys.approve] = pair
        try world.verify(Fixtures.resolution(2, 2)) { judge(.model, $0) }
        let half = try #require(world.app.status.release?.target)
        #expect(
            half.id != pair && half.waitingFor == ["Approval"] && half.code.tag == "2" && half.model.version == "1/"
        )
        #expect(world.live == "1 1/")
        world.app.metadata.annotations[Keys.approve] = half.id
        try world.verify(Fixtures.resolution(2, 2)) { judge(.model, $0) }
        #expect(world.live == "2 1/")
        #expect(Set(world.quarantine) == ["model 2/", "pair 2 + 2/"])
    }
}
