import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Two slots in the small world.
extension World {
    /// What the Service selects.
    var selector: [String: String]? {
        objects[Self.service]?["spec"]?["selector"]?.object?.compactMapValues(\.string)
    }

    /// The slot that the Service selects.
    var slot: String? { selector?[Keys.slot] }

    /// The tag that the Deployment of a slot carries; nil where there is none.
    func tag(_ slot: String) -> String? {
        objects[slot == "a" ? Self.deployment : Self.second]?["metadata"]?["annotations"]?[Keys.codeTag]?.string
    }

    func replicas(_ slot: String) -> Int64? {
        objects[slot == "a" ? Self.deployment : Self.second]?["spec"]?["replicas"]?.integer
    }

    /// The pods that get traffic, as the names of their Deployments and the releases that these carry.
    func served() -> [String] {
        guard let selector else { return [] }
        return [Self.deployment, Self.second, Self.candidate].filter { name in
            let labels = objects[name]?["spec"]?["template"]?["metadata"]?["labels"]
            return labels != nil && selector.allSatisfy { labels?[$0.key]?.string == $0.value }
        }
    }

    /// That no pod gets traffic whose release did not come up and pass its checks before.
    func checkTraffic() throws {
        for name in served() {
            let id = objects[name]?["spec"]?["template"]?["metadata"]?["labels"]?[Keys.release]?.string ?? ""
            let stored = try observation().releases.first { $0.release.id == id }
            let record = stored?.verification
            let isVerified = record?.phase == .passed || record?.phase == .released || stored?.convergedAt != nil
            guard isVerified || record?.phase == .running && (record?.step ?? 0) > 0 else {
                throw WorldError(
                    description: "\(name) gets traffic for \(id), which is \(record?.phase.rawValue ?? "-")"
                )
            }
        }
    }

    /// Goes on until nothing is left to do: pods come up, and checks come to what `judge` says.
    @discardableResult
    mutating func roll(
        _ resolution: Resolution,
        _ judge: (CheckOperation) -> CheckProgress = { _ in .finished(.passed) }
    ) throws -> [[String]] {
        var passes: [[String]] = []
        for _ in 0..<80 {
            let plan = try plan(resolution)
            for count in plan.steps.indices {
                var crashed = self
                try crashed.carryOut(plan, steps: count + 1)
                try crashed.checkTraffic()
            }
            try carryOut(plan)
            if !plan.isEmpty {
                passes.append(plan.summary)
            } else if let check = plan.check {
                guard checks[check.id] == nil else { return passes }
                checks = [check.id: judge(check)]
            } else if !bringUp() {
                return passes
            }
        }
        throw WorldError(description: "does not end: \(passes)")
    }

    /// Brings up the pods of one Deployment that waits for some, unless they have trouble.
    mutating func bringUp() -> Bool {
        for (name, isTroubled) in [(Self.deployment, trouble != [:]), (Self.second, secondTrouble != nil)] {
            guard !isTroubled, let live = objects[name],
                live["status"]?["observedGeneration"] != live["metadata"]?["generation"]
            else { continue }
            finishRollout(of: name)
            return true
        }
        return false
    }
}

extension World {
    /// The deadline of a Deployment passes, and its pods do not come up.
    mutating func miss(_ name: String) {
        guard let live = objects[name] else { return }
        let wanted = live["spec"]?["replicas"] ?? 1
        edit(
            name,
            "status",
            [
                "observedGeneration": live["metadata"]?["generation"] ?? 0, "replicas": wanted,
                "updatedReplicas": wanted,
                "conditions": [
                    [
                        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                        "message": "ReplicaSet has timed out progressing.",
                    ]
                ],
            ]
        )
    }
}
