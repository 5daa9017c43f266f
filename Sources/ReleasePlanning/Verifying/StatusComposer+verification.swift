import KubernetesAPI
import ModelAppAPI

/// What the status says of a release that is being verified.
extension StatusComposer {
    func verifying(_ verifying: Verifying) -> [Condition] {
        let release = verifying.release
        let what = verifying.canary ?? "is verified before it gets traffic"
        let message =
            "code \(release.code.tag) + model \(release.model.version) (release \(release.id)) \(what): "
            + verifying.message
        let reason = verifying.blocked ?? (verifying.canary == nil ? "Verifying" : "Canary")
        let reconciling = Condition("Reconciling", true, reason: reason, message: message)
        guard let current = verifying.current else {
            return [Condition("Ready", false, reason: reason, message: message), reconciling]
        }
        let update = Condition("UpdateAvailable", true, reason: reason, message: message)
        var conditions = running(current.release, current.convergedAt).filter {
            $0.type != "Reconciling" && $0.type != "UpdateAvailable"
        }
        if release.cause == "Template" {
            conditions = [Condition("Ready", false, reason: reason, message: message)]
        }
        return conditions + [reconciling, update]
    }

    func target(verifying: Verifying) -> TargetRelease {
        var target = target(verifying.release)
        target.phase = verifying.canary == nil ? .verifying : .progressing
        let message = (verifying.canary.map { $0 + ": " } ?? "") + verifying.message
        target.message = String(message.prefix(1024))
        if let waitingFor = verifying.waitingFor { target.waitingFor = [waitingFor] }
        target.checks = verifying.record.results.map { result in
            var result = result
            result.message = result.message.map { String($0.prefix(512)) }
            return result
        }
        let isBlocked = verifying.waitingFor == "Check"
        for (offset, step) in planner.app.spec.rollout.verify.enumerated().dropFirst(target.checks.count) {
            let isNext = offset == verifying.record.results.count
            target.checks.append(
                CheckResult(
                    name: step.name,
                    !isNext ? .pending : isBlocked ? .blocked : .running,
                    message: isNext && isBlocked ? String(verifying.message.prefix(512)) : nil
                )
            )
        }
        return target
    }

    /// How a release without traffic stands, for the history; nil for one that has or had some.
    func result(ofCandidate stored: StoredRelease) -> String? {
        switch stored.verification?.phase {
        case .running
        where stored.verification?.hasTraffic == true && stored.name == planner.observation.newestFirst.first?.name:
            "Progressing"
        case .running: stored.name == planner.observation.newestFirst.first?.name ? "Verifying" : "Superseded"
        case .passed: "Verified"
        case .failed: "Failed"
        case .released, nil: nil
        }
    }
}
