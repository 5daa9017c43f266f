import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection

/// A plan for people and for programs.
struct PlanText {
    let plan: Plan
    let resolution: Resolution

    var text: String {
        var lines = ["ModelApp \(plan.subject)"]
        lines.append(
            "  code   \(half(resolution.code.version.map { "\($0.tag)  \($0.digest)" }, resolution.code.failure))"
        )
        lines.append(
            "  model  "
                + half(
                    resolution.model.version.map { "\($0.version.version)  \($0.version.digest)" },
                    resolution.model.failure
                )
        )
        for condition in plan.status.conditions where condition.type == "Ready" || condition.type == "Stalled" {
            lines.append("  \(condition.type)=\(condition.status)  \(condition.reason): \(condition.message)")
        }
        if !plan.hasWork { lines.append("  nothing to do") }
        if let order = plan.bake {
            let pair = "\(order.image) and model \(order.model.version)"
            lines.append("  + bake \(order.repository):\(order.tag)  (one image of \(pair))")
        }
        for step in plan.steps {
            switch step {
            case .apply(let apply, let reason):
                lines.append("  ~ apply \(apply.resource.kind) \(apply.key)  (\(reason))")
            case .scale(let apply): lines.append("  ~ scale \(apply.resource.kind) \(apply.key)")
            case .claim: lines.append("  ~ claim \(step.object)")
            case .letGo: lines.append("  ~ let go of \(step.object)")
            case .delete(let resource, let key, _): lines.append("  - delete \(resource.kind) \(key)")
            case .confirm: lines.append("  ? \(step.object) is as it was read")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        let bakes: [JSONValue] = [plan.bake].compactMap { $0 }.map { order in
            [
                "action": "bake", "image": .string("\(order.repository):\(order.tag)"), "code": .string(order.image),
                "model": .string(order.model.version), "modelDigest": .string(order.model.digest),
            ]
        }
        let steps = plan.steps.map { step -> JSONValue in
            switch step {
            case .apply(let apply, let reason):
                ["action": "apply", "reason": .string(reason), "object": apply.document]
            case .scale(let apply): ["action": "scale", "object": apply.document]
            case .claim(let apply): ["action": "claim", "object": apply.document]
            case .letGo(let key, _):
                [
                    "action": "letGo", "kind": .string(Deployment.resource.kind), "name": .string(key.name),
                    "namespace": .string(key.namespace),
                ]
            case .delete(let resource, let key, let uid):
                [
                    "action": "delete", "kind": .string(resource.kind), "name": .string(key.name),
                    "namespace": .string(key.namespace), "uid": .string(uid),
                ]
            case .confirm(let resource, let key, let resourceVersion):
                [
                    "action": "confirm", "kind": .string(resource.kind), "name": .string(key.name),
                    "namespace": .string(key.namespace), "resourceVersion": .string(resourceVersion),
                ]
            }
        }
        return [
            "modelApp": .string(plan.subject.description), "steps": .array(bakes + steps), "status": plan.status.json,
        ]
    }

    private func half(_ found: String?, _ failure: ResolutionFailure?) -> String {
        found ?? failure.map { "\($0.reason): \($0.message)" } ?? "not looked at"
    }
}

/// Why every candidate counts or does not.
struct WhyText {
    let app: ModelApp
    let resolution: Resolution
    let limit: Int

    var text: String {
        var lines: [String] = []
        for condition in app.status.conditions {
            lines.append("\(condition.type)=\(condition.status)  \(condition.reason): \(condition.message)")
        }
        lines.append("")
        lines.append("Code (\(app.spec.code.image))")
        lines += half(resolution.code.version?.tag, resolution.code.failure, resolution.code.outcome)
        lines.append("")
        lines.append("Model")
        lines += half(resolution.model.version?.version.version, resolution.model.failure, resolution.model.outcome)
        return lines.joined(separator: "\n") + "\n"
    }

    private func half(_ chosen: String?, _ failure: ResolutionFailure?, _ outcome: SelectionOutcome?) -> [String] {
        var lines: [String] = []
        if let chosen { lines.append("  \(chosen) is the latest that counts.") }
        if let failure { lines.append("  \(failure.reason): \(failure.message)") }
        guard let outcome else { return lines }
        let rejected = outcome.explanation(
            choosing: chosen.map { name in outcome.ranked.first?.candidate.name ?? name }
        )
        lines += rejected.prefix(max(limit, 0)).map { "  \($0.sentence)" }
        if rejected.count > limit { lines.append("  ... and \(rejected.count - limit) more (--limit)") }
        for tie in outcome.ties { lines.append("  \(tie.names.joined(separator: ", ")) rank the same.") }
        return lines
    }
}
