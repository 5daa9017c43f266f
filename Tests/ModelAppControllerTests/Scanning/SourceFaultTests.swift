import Artifacts
import HTTPTransport
import HTTPTypes
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

@testable import ModelAppController

/// Bar: each request of each flow failed in turn: the right condition, nothing older taken for the latest, and all is well
/// again once the fault has passed.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    /// A fault, and the reasons that a condition may give for it.
    struct Trouble: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fault: FaultScript.Fault
        var reasons: Set<String>
        /// Whether what runs may stay the latest without a word: where a request has no body that could suffer, and where an
        /// object that was listed a moment ago is gone, so that its version is being replaced.
        var mayPassUnnoticed = false
    }

    private static let unavailable: Set<String> = ["RegistryUnavailable", "StoreUnavailable"]
    private static let nonsense: Set<String> = [
        "MalformedAnswer", "NoCandidate", "DigestMismatch", "UnexpectedMediaType",
    ]

    static let troubles: [Trouble] = [
        Trouble(testDescription: "no connection", fault: .refuse, reasons: unavailable),
        Trouble(testDescription: "timeout", fault: .hang, reasons: unavailable),
        Trouble(testDescription: "reset", fault: .loseAnswer, reasons: unavailable),
        Trouble(
            testDescription: "401",
            fault: .unauthorized,
            // A registry that challenges without saying how leaves nothing else to say.
            reasons: ["Unauthorized", "Denied"]
        ),
        Trouble(
            testDescription: "403",
            fault: .status(403, reason: "Forbidden", retryAfter: nil),
            reasons: ["Denied", "Unauthorized"]
        ),
        Trouble(
            testDescription: "404",
            fault: .status(404, reason: "NotFound", retryAfter: nil),
            // Of a token server: it offers no such login.
            reasons: [
                "NotFound", "NoCandidate", "StoreNotFound", "ObjectNotFound", "Incomplete", "RegistryUnavailable",
            ],
            mayPassUnnoticed: true
        ),
        Trouble(testDescription: "429", fault: .tooManyRequests(retryAfter: 7), reasons: ["RateLimited"]),
        Trouble(testDescription: "500", fault: .internalError, reasons: unavailable),
        Trouble(
            testDescription: "truncated",
            fault: .dropAfter(bytes: 3),
            reasons: unavailable.union(nonsense),
            mayPassUnnoticed: true
        ),
        Trouble(
            testDescription: "wrong length",
            fault: .cleanClose,
            reasons: unavailable.union(nonsense),
            mayPassUnnoticed: true
        ),
        Trouble(
            testDescription: "silence",
            fault: .stall,
            reasons: unavailable.union(["MalformedAnswer"]),
            mayPassUnnoticed: true
        ),
        Trouble(
            testDescription: "slow loris",
            fault: .drip(.seconds(20)),
            reasons: unavailable.union(nonsense),
            mayPassUnnoticed: true
        ),
    ]

    @Test(arguments: SourceScene.Flow.allCases, troubles)
    func eachRequestFailedInTurnGivesTheRightConditionAndHeals(
        _ flow: SourceScene.Flow,
        _ trouble: Trouble
    ) async throws {
        let plain = try SourceScene(flow)
        let baseline = try #require(await plain.look())
        guard case .found(let version) = baseline else {
            Issue.record("without a fault: \(baseline)")
            return
        }
        let count = plain.requests
        #expect(count >= 3)
        for index in 0..<count {
            for isLasting in [true, false] {
                let place = "request \(index + 1) of \(count), \(isLasting ? "and all after" : "once")"
                let scene = try SourceScene(flow)
                scene.follow(FaultScript().on(.any, skip: index, times: isLasting ? 100_000 : 1, trouble.fault))
                switch await scene.look(running: version) {
                case .found(let found):
                    #expect(found == version, "\(place): something older is taken for the latest")
                    #expect(!isLasting || trouble.mayPassUnnoticed, "\(place): nobody noticed")
                case .failed(let reason, let message):
                    #expect(trouble.reasons.contains(reason), "\(place): \(reason): \(message)")
                    #expect(message.hasPrefix("spec."), "\(place): \(message)")
                case nil: Issue.record("\(place): no answer")
                }
                scene.follow(FaultScript())
                scene.wait(.seconds(900))
                #expect(await scene.look(running: version) == .found(version), "\(place): it does not heal")
            }
        }
    }

    @Test(arguments: SourceScene.Flow.allCases)
    func aHostThatFailsIsLeftAloneForLongerEachTimeAndForAsLongAsItAsks(_ flow: SourceScene.Flow) async throws {
        let plain = try SourceScene(flow)
        guard case .found(let version)? = await plain.look() else { return }
        for (fault, quiet) in [(FaultScript.Fault.refuse, 0), (.tooManyRequests(retryAfter: 120), 120)] {
            let scene = try SourceScene(flow)
            scene.follow(FaultScript().on(.any, times: 100_000, fault))
            var pauses: [Int] = []
            var last = scene.elapsed
            for _ in 0..<1200 {
                let before = scene.faults
                _ = await scene.look(running: version)
                if scene.faults > before {
                    pauses.append(Int((scene.elapsed - last) / .seconds(1)))
                    last = scene.elapsed
                }
                scene.wait(.seconds(1))
            }
            let waits = pauses.dropFirst()
            #expect(waits.count <= 12, "\(waits)")
            #expect(waits.allSatisfy { $0 >= quiet }, "\(waits)")
            #expect(waits.last.map { $0 >= 120 } == true, "\(waits)")
        }
    }
}
