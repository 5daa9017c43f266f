import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Verification in the small world.
extension World {
    static let http: JSONValue = [["name": "version", "http": ["port": 88, "path": "/version"]]]

    /// Goes on until nothing is left to do: candidates become ready, and checks come to what `judge` says.
    @discardableResult
    mutating func verify(
        _ resolution: Resolution,
        _ judge: (CheckOperation) -> CheckProgress = { _ in .finished(.passed) }
    ) throws -> [CheckOperation] {
        var made: [CheckOperation] = []
        for _ in 0..<40 {
            try settle(resolution)
            let plan = try plan(resolution)
            if let check = plan.check {
                guard checks[check.id] == nil else { return made }
                made.append(check)
                checks = [check.id: judge(check)]
            } else if let live = objects[Self.candidate],
                live["status"]?["observedGeneration"] != live["metadata"]?["generation"],
                candidateTrouble == nil
            {
                finishCandidate()
            } else {
                return made
            }
        }
        throw WorldError(description: "verification does not end")
    }

    /// The tag and the version that the Deployment carries.
    var live: String {
        let annotations = objects[Self.deployment]?["metadata"]?["annotations"]
        return "\(annotations?[Keys.codeTag]?.string ?? "-") \(annotations?[Keys.modelVersion]?.string ?? "-")"
    }

    /// What is in quarantine.
    var quarantine: [String] { app.status.quarantine.map { "\($0.half) \($0.version)" } }
}
