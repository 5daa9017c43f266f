import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// What the status says of a release that is being verified.
struct Verifying {
    var release: Release
    var record: VerificationRecord
    /// What it waits for, for people.
    var message: String
    /// One CamelCase word where something outside is missing.
    var blocked: String?
    /// What it waits for, in one CamelCase word.
    var waitingFor: String?
    /// Which step of a canary it is on, for people; nil while it has no traffic.
    var canary: String?
    /// What runs meanwhile.
    var current: (release: Release, convergedAt: String?)?
}

/// Verification before traffic: a candidate of one pod, by which no Service selects, is checked, and only a release whose
/// checks passed goes into the Deployment. Nothing here waits: each pass looks at what is kept on the ControllerRevision
/// and does the next thing.
extension Planner {
    /// What is to be done before `desired` gets traffic; nil where it may have it.
    func verification(of desired: DesiredRelease) -> Plan? {
        let release = desired.release
        guard release.id != observation.current?.release.id, needsVerification(desired) else { return nil }
        guard let stored = desired.stored, let record = stored.verification else { return begin(desired, attempt: 1) }
        switch record.phase {
        case .passed, .released:
            // What stood in the second slot has left it for another since.
            let isGone = stored.number < highestNumber || !isInStandby(release)
            return hasTwoSlots && isGone ? begin(desired, attempt: 1) : nil
        case .failed:
            if stored.isForgiven(by: app.metadata.annotations[Keys.unquarantine]) { return begin(desired, attempt: 1) }
            guard current != nil else {
                return finish(candidateRemoval(for: nil), .running(release, convergedAt: nil))
            }
            let message = stored.failure.map { StatusComposer.text($0) } ?? "a check failed"
            return keepWaiting(release, [ReleaseHold(gate: ReleaseHold.unverified, message: message, until: nil)])
        case .running:
            let names = record.results.map(\.name)
            let isOutdated = app.spec.rollout.verify.prefix(names.count).map(\.name) != names
            // Another release was tried since, or the checks were edited.
            if stored.number < highestNumber || isOutdated { return begin(desired, attempt: record.attempt) }
            return verify(stored, record)
        }
    }

    /// What comes up in a second slot is verified always, as to whether it comes up; else only what did not run everywhere
    /// before, where there are checks or suspicions. What is put back is not.
    private func needsVerification(_ desired: DesiredRelease) -> Bool {
        guard !hasTwoSlots else { return setback?.good?.release.id != desired.release.id }
        // What ran everywhere once was verified then, by the checks of its time.
        return desired.stored?.convergedAt == nil && (!app.spec.rollout.verify.isEmpty || isSuspect(desired.release))
    }

    /// The steps that remove what is no longer needed while `desired` runs: a candidate, and what stands in the second slot.
    func candidateRemoval(for desired: Release?) -> [PlanStep] {
        singleCandidateRemoval + standbyRemoval(for: desired)
    }

    private var singleCandidateRemoval: [PlanStep] {
        guard let live = observation.candidate, objects.owns(live.metadata) else { return [] }
        return [.delete(Deployment.resource, OwnedObjects.candidateKey(of: app), uid: live.metadata.uid)]
    }

    private var current: StoredRelease? { observation.current }
    private var highestNumber: Int64 { observation.highestNumber }

    /// The pass that keeps a release as a candidate, before anything of it exists.
    private func begin(_ desired: DesiredRelease, attempt: Int64) -> Plan {
        var record = VerificationRecord()
        record.attempt = attempt
        record.startedAt = now.rfc3339
        let hold = desired.stored?.hold
        var state = OwnedObjects.RevisionState(number: highestNumber + 1, startedAt: now.rfc3339, hold: hold)
        state.approvedBy = approver(of: desired.release)
        state.verification = record
        let revision: ApplyStep
        if let stored = desired.stored {
            state.attempt = stored.attempt
            state.forgiven = stored.forgiven
            if stored.failure != nil { state.forgiven = app.metadata.annotations[Keys.unquarantine] }
            revision = objects.revision(stored, state)
        } else {
            revision = objects.revision(desired.release, state)
        }
        return verificationPlan(
            [.apply(revision, reason: "verification begins")],
            desired.release,
            record,
            "a candidate is started"
        )
    }

    /// The next thing to do for a candidate.
    private func verify(_ stored: StoredRelease, _ record: VerificationRecord) -> Plan {
        let release = stored.release
        let place = candidatePlace(for: record)
        if let live = place.live, !objects.owns(live.metadata) {
            let message =
                "Deployment \(place.key.name) exists and is not this ModelApp's; rename the ModelApp or remove it"
            return finish(keepingCurrent(), .spec(reason: "NameTaken", message: message))
        }
        if reachesStandby, record.step == 0 || !hasTwoSlots {
            return verificationPlan([], release, record, "traffic leaves what is verified")
        }
        let steps = candidateSteps(release, record, in: place)
        guard steps.isEmpty, let live = place.live else {
            return verificationPlan(steps, release, record, "a candidate is started")
        }
        let pods = (observation.pods ?? []).filter {
            $0.metadata.annotations[Keys.attempt] == place.attempt && $0.metadata.labels[Keys.slot] == place.slot
        }
        let progress = RolloutProgress(live, release: release.id)
        guard progress.isUp else { return waitUntilReady(pods, progress, stored, record) }
        guard let pod = OwnedObjects.pod(pods, release: release.id, of: place.key.name) else {
            let message = "the candidate's pod has no address of its own yet; with hostNetwork it never has"
            return verificationPlan([], release, record, message)
        }
        return canaryPlan(stored, record) ?? check(pod, stored, record)
    }

    private func candidatePlace(for record: VerificationRecord) -> CandidatePlace {
        guard hasTwoSlots else {
            return CandidatePlace(
                key: OwnedObjects.candidateKey(of: app),
                live: observation.candidate,
                slot: Keys.candidateSlot,
                attempt: String(record.attempt)
            )
        }
        let slot = observation.standbySlot
        return CandidatePlace(
            key: slot.key(of: app.key),
            live: observation.standby,
            slot: slot.rawValue,
            attempt: record.attempt > 1 ? String(record.attempt) : nil
        )
    }

    private func candidateSteps(
        _ release: Release,
        _ record: VerificationRecord,
        in place: CandidatePlace
    ) -> [PlanStep] {
        if hasTwoSlots { return standbySteps(release, attempt: place.attempt, share: share(on: record)) }
        let body = objects.candidate(release, attempt: record.attempt)
        if let live = place.live, objects.isInStep(body, live.document, live.metadata, policy) { return [] }
        let version = place.live?.metadata.resourceVersion
        let apply = ApplyStep(Deployment.resource, place.key, body, resourceVersion: version)
        return [.apply(apply, reason: "candidate")]
    }

    /// A candidate that is not ready: it is waited for, unless it never will be.
    private func waitUntilReady(
        _ pods: [Pod],
        _ progress: RolloutProgress,
        _ stored: StoredRelease,
        _ record: VerificationRecord
    ) -> Plan {
        let trouble = PodTrouble(pods, release: stored.release.id)
        let deadline = lostPodsDeadline(pods, record)
        let isOverdue = progress.failure?.type == "Progressing" || deadline.map { $0 <= now } ?? false
        guard observation.pods != nil, trouble.isLoop || isOverdue && trouble.fault != .surroundings else {
            let why = trouble.reason == "NotReady" ? "" : ": \(trouble.reason): \(trouble.message)"
            let count = "\(progress.available) of \(progress.desired) pods are ready"
            let message = hasTwoSlots ? count : "the candidate is not ready yet"
            let shortage = Shortage(pods, progress, release: stored.release.id)
            let what = shortage.map { "\(message): \($0.reason): \($0.message); \(answerBeside)" } ?? message + why
            var plan = verificationPlan(
                [],
                stored.release,
                record,
                what,
                blocked: shortage?.reason,
                waitingFor: shortage.map { _ in Shortage.gate }
            )
            if deadline.map({ $0 > now }) ?? false { plan.lookAgain(at: deadline, now: now) }
            return plan
        }
        return fail(stored, record, trouble)
    }

    /// The next check, or the end.
    private func check(_ pod: CandidatePod, _ stored: StoredRelease, _ record: VerificationRecord) -> Plan {
        let release = stored.release
        let checks = app.spec.rollout.verify
        guard record.results.count < checks.count else {
            let (record, reason, message) = passed(record)
            return note(record, of: stored, reason: reason, message)
        }
        let step = checks[record.results.count]
        var operation = CheckOperation(
            app: app.key,
            uid: app.metadata.uid,
            release: release.id,
            attempt: record.attempt,
            round: record.step,
            step: step,
            pod: pod,
            facts: facts(of: release)
        )
        if step.predictions != nil {
            (operation.running, operation.isFirst) = (runningPod, current == nil)
        }
        let position = "check \(record.results.count + 1) of \(checks.count), \(step.name)"
        var record = record
        var plan: Plan
        switch observation.checkProgress[operation.id] {
        case .finished(.passed):
            record.results.append(CheckResult(name: step.name, .passed, at: now.rfc3339))
            plan = note(record, of: stored, reason: "check \(step.name) passed", "\(position), passed")
        case .finished(.measured(let measured)):
            record.results.append(CheckResult(name: step.name, .passed, message: measured, at: now.rfc3339))
            let message = "\(position), passed: \(measured)"
            plan = note(record, of: stored, reason: "check \(step.name) passed", message)
        case .finished(.failed(let message, let detail)):
            record.results.append(CheckResult(name: step.name, .failed, message: message, at: now.rfc3339))
            record.detail = detail.map { String($0.prefix(2048)) }
            let trouble = PodTrouble(fault: .release, reason: "CheckFailed", message: "check \(step.name): \(message)")
            plan = fail(stored, record, trouble)
        case .finished(.blocked(let reason, let message)), .blocked(let reason, let message):
            plan = verificationPlan([], release, record, "\(position): \(message)", blocked: reason)
        case nil: plan = verificationPlan([], release, record, "\(position), is running")
        }
        // Also where it is over: a pass that does not see yet what was written of it must not have it made again.
        plan.check = operation
        return plan
    }

    /// A pod that gets the traffic.
    private var runningPod: CandidatePod? {
        guard let current else { return nil }
        let pods = (observation.pods ?? []).filter { $0.metadata.labels[Keys.slot] == observation.slot.rawValue }
        return OwnedObjects.pod(pods, release: current.release.id, of: observation.slot.key(of: app.key).name)
    }

    private func facts(of release: Release) -> [String: String] {
        let port = (release.template["spec"]?["containers"]?.array ?? []).lazy.compactMap { container in
            container["image"]?.string == release.image ? container["ports"]?[0]?["containerPort"]?.integer : nil
        }.first
        var facts = [
            "MODELAPP_RELEASE": release.id, "MODELAPP_IMAGE": release.image, "MODELAPP_CODE_TAG": release.code.tag,
            "MODELAPP_MODEL_VERSION": release.model.version, "MODELAPP_MODEL_DIGEST": release.model.digest,
            "MODELAPP_MODEL_URI": release.modelURI,
        ]
        facts["port"] = port.map(String.init)
        return facts
    }

    /// Another try, or the end of it.
    private func fail(_ stored: StoredRelease, _ record: VerificationRecord, _ trouble: PodTrouble) -> Plan {
        var record = record
        guard trouble.fault == .spec || record.attempt >= app.spec.rollout.attempts else {
            record.attempt += 1
            record.startedAt = now.rfc3339
            (record.results, record.step, record.reachedAt) = ([], 0, nil)
            let message = "\(trouble.message); try \(record.attempt) of \(app.spec.rollout.attempts)"
            return note(record, of: stored, reason: "verification begins again", message)
        }
        record.phase = .failed
        var failure = ReleaseFailure()
        failure.blame = trouble.fault == .spec ? .template : observation.blame(stored)
        failure.reason = trouble.reason
        failure.message = trouble.message
        failure.at = now.rfc3339
        return note(record, of: stored, failure, reason: "verification failed", trouble.message)
    }

    func note(
        _ record: VerificationRecord,
        of stored: StoredRelease,
        _ failure: ReleaseFailure? = nil,
        reason: String,
        _ message: String
    ) -> Plan {
        var state = OwnedObjects.RevisionState(of: stored)
        state.verification = record
        state.failure = failure
        return verificationPlan(
            [.apply(objects.revision(stored, state), reason: reason)],
            stored.release,
            record,
            message
        )
    }

    /// A plan in which what runs is kept in step.
    func verificationPlan(
        _ own: [PlanStep],
        _ release: Release,
        _ record: VerificationRecord,
        _ message: String,
        blocked: String? = nil,
        waitingFor: String? = nil
    ) -> Plan {
        var others: [PlanStep] = []
        let sharing = sharesTraffic(release, record)
        var running: (release: Release, convergedAt: String?)?
        if let current {
            let (steps, convergedAt) = steps(
                toward: DesiredRelease(release: current.release, stored: current),
                sharing: sharing
            )
            others = steps
            running = (current.release, convergedAt)
        }
        // Nobody may be behind the Service before.
        if current == nil, reachesStandby { others += serviceSteps(for: nil) }
        // What the strategy of before had.
        others += hasTwoSlots ? singleCandidateRemoval : standbyRemoval(for: current?.release)
        let verifying = Verifying(
            release: release,
            record: record,
            message: message,
            blocked: blocked,
            waitingFor: waitingFor ?? (blocked == nil ? nil : "Check"),
            canary: canaryText(record),
            current: running
        )
        // Traffic leaves first, and comes last.
        let isLeaving = reachesStandby && !sharing
        return finish(isLeaving ? others + own : own + others, .verifying(verifying))
    }
}

/// Where a release is verified.
private struct CandidatePlace {
    var key: ObjectKey
    /// What stands there.
    var live: Deployment?
    /// The label of its pods.
    var slot: String
    /// The annotation of its pods.
    var attempt: String?
}
