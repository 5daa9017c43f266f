import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// Answers of the candidate are compared with those of what runs.
@Suite(.timeLimit(.minutes(1)))
struct PredictionTests {
    private static let step: JSONValue = [
        "name": "same",
        "predictions": [
            "port": 88, "inputsFrom": ["configMapKeyRef": ["name": "golden", "key": "inputs"]], "jsonPath": "$.score",
        ],
    ]

    private static func check(_ members: [String: JSONValue]) throws -> PredictionCheck {
        var json: [String: JSONValue] = [
            "port": 88, "inputsFrom": ["configMapKeyRef": ["name": "golden", "key": "inputs"]],
        ]
        json.merge(members) { $1 }
        return try PredictionCheck(json: .object(json))
    }

    private static func tally(
        _ members: [String: JSONValue],
        _ pairs: [(String, String?)]
    ) throws -> PredictionTally {
        var tally = try PredictionTally(try check(members))
        for (running, candidate) in pairs {
            let wanted = try #require(tally.value(in: Array(running.utf8)))
            tally.add(running: wanted, candidate: candidate.flatMap { tally.value(in: Array($0.utf8)) })
        }
        return tally
    }

    @Test func textsHaveToBeEqualAndNumbersNear() throws {
        let pairs: [(String, String?)] = [
            (#"{"label":"cat","x":1}"#, #"{"x":2,"label":"cat"}"#), (#"{"label":"cat"}"#, #"{"label":"dog"}"#),
        ]
        let labels = try Self.tally(["jsonPath": "$.label"], pairs)
        #expect(labels.text == "1 of 2 answers agree, the first that differs is input 2")
        let scores = try Self.tally(
            ["jsonPath": "$.s", "tolerance": .decimal("0.05")],
            [(#"{"s":0.5}"#, #"{"s":0.53}"#), (#"{"s":1}"#, #"{"s":1.0}"#), (#"{"s":0.1}"#, #"{"s":0.19}"#)]
        )
        #expect(scores.agreeing == 2 && scores.text.hasPrefix("2 of 3 answers agree, mean difference 0.04,"))
    }

    @Test func theBudgetDecides() throws {
        let pairs: [(String, String?)] = [("1", "1"), ("1", "1"), ("1", "1"), ("1", "2")]
        guard case .failed(let message, _) = try Self.tally([:], pairs).verdict else {
            Issue.record("one of four differs")
            return
        }
        #expect(message.contains("3 of 4 answers agree, mean difference 0.25"))
        #expect(
            try Self.tally(["agreement": .decimal("0.75")], pairs).verdict
                == .measured(message: "3 of 4 answers agree, mean difference 0.25, the first that differs is input 4")
        )
        let drift = try Self.tally(["agreement": 0, "maxDrift": .decimal("0.2")], pairs).verdict
        guard case .failed = drift else {
            Issue.record("the mean difference is above its limit")
            return
        }
    }

    @Test func anAnswerThatIsNotGivenDoesNotAgree() throws {
        let tally = try Self.tally(
            ["jsonPath": "$.s"],
            [(#"{"s":1}"#, nil), (#"{"s":1}"#, #"{"t":1}"#), (#"{"s":1}"#, "<html>")]
        )
        #expect(tally.agreeing == 0 && tally.inputs == 3)
    }

    @Test func whatAnApplicationSaysIsNotRepeated() throws {
        let tally = try Self.tally([:], [("\"planted-a\"", "\"planted-b\"")])
        #expect(!tally.text.contains("planted"))
        guard case .failed(let message, let detail) = tally.verdict else {
            Issue.record("they differ")
            return
        }
        #expect(!message.contains("planted") && detail == nil)
    }

    @Test func withoutInputsNothingIsSaidOfTheRelease() throws {
        #expect(try Self.tally([:], []).verdict == .blocked(reason: "NoData", message: "there are no inputs"))
    }

    @Test func bothPodsAreNamedAndWhatWasMeasuredIsSaid() throws {
        var world = World(
            try Fixtures.app(Fixtures.spec(["rollout.strategy": ["type": "BlueGreen"], "rollout.verify": [Self.step]]))
        )
        try world.roll(Fixtures.resolution(1, 1)) { check in
            #expect(check.isFirst && check.running == nil)
            return .finished(.measured(message: "nothing runs"))
        }
        try world.roll(Fixtures.resolution(2, 1)) { check in
            #expect(check.running?.uid == "p1" && check.pod.uid == "s1" && !check.isFirst)
            return .finished(.measured(message: "49 of 50 answers agree"))
        }
        #expect(world.slot == "b")
        let record = try world.observation().releases.first { $0.release.code.tag == "2" }?.verification
        #expect(record?.results.map(\.message) == ["49 of 50 answers agree"])
        try world.roll(Fixtures.resolution(3, 1)) { _ in
            .finished(.failed(message: "40 of 50 answers agree; at least 0.9 of them have to", detail: nil))
        }
        #expect(world.slot == "b" && world.quarantine == ["code 3"])
        #expect(world.app.status.condition("UpdateAvailable")?.message.contains("40 of 50 answers agree") == true)
    }

    @Test(
        arguments: [
            ("jsonPath", "$.a[*]", "jsonPath: "), ("agreement", .decimal("1.5"), "agreement: must be 0 to 1, not 1.5"),
            ("tolerance", .integer(-1), "tolerance: must be 0 or more, not -1"),
        ] as [(String, JSONValue, String)]
    )
    func aBudgetThatMakesNoSenseStallsTheSpec(member: String, value: JSONValue, problem: String) throws {
        var step = Self.step
        step["predictions"]?[member] = value
        let app = try Fixtures.app(Fixtures.spec(["rollout.verify": [step]]))
        let problems = SpecCheck.problems(in: app)
        #expect(
            problems.first?.description.hasPrefix("spec.rollout.verify[same].predictions.\(problem)") == true,
            "\(problems)"
        )
    }
}
