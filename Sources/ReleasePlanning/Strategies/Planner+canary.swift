import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// A release that was verified without traffic gets a growing share of the pods behind the Service, which selects both
/// slots meanwhile. Nothing is taken from what runs, so that going back is to take the new pods away.
extension Planner {
    /// Whether there is something beside which a release can get a share.
    private var hasSteps: Bool { app.spec.rollout.strategy.type == .canary && observation.deployment != nil }

    /// How many of a hundred pods the release is to have on the step of `record`.
    func share(on record: VerificationRecord) -> Int64 {
        let steps = app.spec.rollout.strategy.steps
        guard hasSteps, record.phase == .running else { return 100 }
        let index = Int(clamping: max(record.step - 1, 0))
        return index < steps.count ? steps[index] : 100
    }

    /// The step on which every pod of the release is there; nil where there are no steps.
    var lastCanaryStep: Int64? {
        let strategy = app.spec.rollout.strategy
        guard hasSteps else { return nil }
        return Int64(strategy.steps.count) + (strategy.steps.last == 100 ? 0 : 1)
    }

    /// Whether the Service is to select both slots while `release` is on the step of `record`: only where nothing but that
    /// release stands in the second one. Where that cannot be seen, the Service stays as it is.
    func sharesTraffic(_ release: Release, _ record: VerificationRecord) -> Bool {
        guard hasTwoSlots, app.spec.rollout.strategy.type == .canary, record.hasTraffic,
            let live = observation.standby, objects.owns(live)
        else { return false }
        let attempt = record.attempt > 1 ? String(record.attempt) : nil
        let body = objects.deployment(release, in: observation.standbySlot, attempt: attempt)
        guard objects.isInStep(body, live.document, live.metadata, policy) else { return false }
        guard let pods = observation.pods else { return reachesStandby }
        return pods.allSatisfy { pod in
            let labels = pod.metadata.labels
            let isSelected = labels[Keys.name] == app.metadata.name && pod.metadata.deletionTimestamp == nil
            if !isSelected || labels[Keys.slot] == observation.slot.rawValue { return true }
            return labels[Keys.slot] == observation.standbySlot.rawValue && labels[Keys.release] == release.id
                && pod.metadata.annotations[Keys.attempt] == attempt
        }
    }

    /// Whether the Service, as it was read, selects the slot that is to have no traffic of its own.
    var reachesStandby: Bool {
        guard let service = observation.service, objects.owns(service.metadata) else { return false }
        let selector = service.spec["selector"]
        return selector?[Keys.name]?.string == app.metadata.name && Observation.slot(service) != observation.slot
    }

    /// A release that gets a share of the traffic and is to go on although something newer came: else a stream of pushes
    /// that is faster than the steps would never get anywhere. An edit of the template, a pin and a skip count at once.
    var canaryInProgress: StoredRelease? {
        guard app.spec.rollout.strategy.type == .canary, let top = observation.newestFirst.first,
            top.verification?.hasTraffic == true, top.failure == nil, top.release.templateHash == templateHash
        else { return nil }
        let (pin, skip) = (app.spec.rollout.pin, app.spec.rollout.skip)
        func isOut(_ half: String, _ version: String, _ newest: String?, _ pin: String?, _ skip: [String]) -> Bool {
            if pin != nil, newest != half { return true }
            return skip.contains(version) || skip.contains { $0 + "/" == version }
        }
        let (code, model) = (top.release.code, top.release.model)
        if isOut(code.digest, code.tag, resolution.code.version?.digest, pin?.code, skip?.code ?? [])
            || isOut(
                model.digest,
                model.version,
                resolution.model.version?.version.digest,
                pin?.model,
                skip?.model ?? []
            )
        {
            return nil
        }
        return top
    }

    /// The pause of the step that `record` is on, and the end of the last one; nil where it is time for the checks.
    func canaryPlan(_ stored: StoredRelease, _ record: VerificationRecord) -> Plan? {
        guard let last = lastCanaryStep, record.step > 0 else { return nil }
        let release = stored.release
        guard reachesStandby else { return verificationPlan([], release, record, "it gets its share of the traffic") }
        if record.step >= last, app.spec.rollout.strategy.steps.last != 100 {
            var record = record
            record.phase = .passed
            return note(record, of: stored, reason: "verification passed", "every step passed")
        }
        guard let pause = app.spec.rollout.strategy.pause?.duration, record.results.isEmpty else { return nil }
        guard let reached = record.reachedAt.flatMap({ try? Timestamp(rfc3339: $0) }) else {
            var record = record
            record.reachedAt = now.rfc3339
            return note(record, of: stored, reason: "canary step \(record.step) is up", "every pod of the step is up")
        }
        // A clock that was set back does not make a pause longer.
        guard now < reached + pause, now > reached - pause else { return nil }
        let end = reached + pause
        var plan = verificationPlan([], release, record, "the pause ends at \(end.rfc3339)", waitingFor: "Pause")
        plan.lookAgain(at: end, now: now)
        return plan
    }

    /// Which step it is on, for people.
    func canaryText(_ record: VerificationRecord) -> String? {
        guard record.step > 0, let last = lastCanaryStep, let live = observation.standby else { return nil }
        let (mine, others) = (
            live.spec["replicas"]?.integer ?? 1, observation.deployment?.spec["replicas"]?.integer ?? 1
        )
        return "is on canary step \(record.step) of \(last), with \(mine) pods beside \(others) of what runs"
    }

    /// The record after the checks of its step passed.
    func passed(_ record: VerificationRecord) -> (VerificationRecord, reason: String, message: String) {
        var record = record
        guard let last = lastCanaryStep, record.step < last else {
            record.phase = .passed
            return (record, "verification passed", "every check passed")
        }
        record.step += 1
        (record.results, record.reachedAt) = ([], nil)
        return (record, "canary step \(record.step)", "the next step begins")
    }

    /// When a pod that gets traffic has not been ready for as long as a rollout may stand still; nil where all are. The
    /// Deployment's own deadline ends when its pods were up once.
    func lostPodsDeadline(_ pods: [Pod], _ record: VerificationRecord) -> Timestamp? {
        guard record.step > 0 else { return nil }
        let since = pods.filter { $0.metadata.deletionTimestamp == nil }.compactMap { pod in
            (pod.status["conditions"]?.array ?? []).first { $0["type"] == "Ready" && $0["status"] == "False" }?[
                "lastTransitionTime"
            ]?.string
        }.compactMap { try? Timestamp(rfc3339: $0) }.min()
        return since.map { $0 + app.spec.rollout.progressDeadline.duration }
    }
}

extension VerificationRecord {
    /// Whether the release gets a share of the traffic.
    var hasTraffic: Bool { step > 0 && (phase == .running || phase == .passed) }
}
