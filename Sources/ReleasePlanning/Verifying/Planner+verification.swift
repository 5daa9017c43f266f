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
        // What ran everywhere once was verified then, by the checks of its time.
        guard release.id != observation.current?.release.id, desired.stored?.convergedAt == nil,
            !app.spec.rollout.verify.isEmpty || isSuspect(release)
        else { return nil }
        guard let stored = desired.stored, let record = stored.verification else { return begin(desired, attempt: 1) }
        switch record.phase {
        case .passed, .released: return nil
        case .failed:
            if stored.isForgiven(by: app.metadata.annotations[Keys.unquarantine]) { return begin(desired, attempt: 1) }
            guard current != nil else { return finish(candidateRemoval(), .running(release, convergedAt: nil)) }
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

    /// The step that removes a candidate which is no longer needed.
    func candidateRemoval() -> [PlanStep] {
        guard let live = observation.candidate, objects.owns(live.metadata) else { return [] }
        return [.delete(Deployment.resource, OwnedObjects.candidateKey(of: app), uid: live.metadata.uid)]
    }

    private var current: StoredRelease? { observation.current }
    private var highestNumber: Int64 { observation.releases.map(\.number).max() ?? 0 }

    /// The pass that keeps a release as a candidate, before anything of it exists.
    private func begin(_ desired: DesiredRelease, attempt: Int64) -> Plan {
        var record = VerificationRecord()
        record.attempt = attempt
        record.startedAt = now.rfc3339
        var state = OwnedObjects.RevisionState(number: highestNumber + 1, startedAt: now.rfc3339)
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
        return plan(
            [.apply(revision, reason: "verification begins")],
            desired.release,
            record,
            "a candidate is started"
        )
    }

    /// The next thing to do for a candidate.
    private func verify(_ stored: StoredRelease, _ record: VerificationRecord) -> Plan {
        let release = stored.release
        let body = objects.candidate(release, attempt: record.attempt)
        let key = OwnedObjects.candidateKey(of: app)
        guard let live = observation.candidate else {
            let step = PlanStep.apply(ApplyStep(Deployment.resource, key, body), reason: "candidate")
            return plan([step], release, record, "a candidate is started")
        }
        guard objects.owns(live.metadata) else {
            let message = "Deployment \(key.name) exists and is not this ModelApp's; rename the ModelApp or remove it"
            return finish(keepingCurrent(), .spec(reason: "NameTaken", message: message))
        }
        guard objects.isInStep(body, live.document, live.metadata, policy) else {
            let apply = ApplyStep(Deployment.resource, key, body, resourceVersion: live.metadata.resourceVersion)
            return plan([.apply(apply, reason: "candidate")], release, record, "a candidate is started")
        }
        let pods = (observation.pods ?? []).filter {
            $0.metadata.annotations[Keys.attempt] == String(record.attempt)
                && $0.metadata.labels[Keys.slot] == Keys.candidateSlot
        }
        let progress = RolloutProgress(live, release: release.id)
        guard progress.isComplete else { return waitUntilReady(pods, progress, stored, record) }
        guard let pod = OwnedObjects.pod(pods, release: release.id, attempt: record.attempt, of: app) else {
            let message = "the candidate's pod has no address of its own yet; with hostNetwork it never has"
            return plan([], release, record, message)
        }
        return check(pod, stored, record)
    }

    /// A candidate that is not ready: it is waited for, unless it never will be.
    private func waitUntilReady(
        _ pods: [Pod],
        _ progress: RolloutProgress,
        _ stored: StoredRelease,
        _ record: VerificationRecord
    ) -> Plan {
        let trouble = PodTrouble(pods, release: stored.release.id)
        let isOverdue = progress.failure?.type == "Progressing"
        guard observation.pods != nil, trouble.isLoop || isOverdue && trouble.fault != .surroundings else {
            let why = trouble.reason == "NotReady" ? "" : ": \(trouble.reason): \(trouble.message)"
            return plan([], stored.release, record, "the candidate is not ready yet\(why)")
        }
        return fail(stored, record, trouble)
    }

    /// The next check, or the end.
    private func check(_ pod: CandidatePod, _ stored: StoredRelease, _ record: VerificationRecord) -> Plan {
        let release = stored.release
        let checks = app.spec.rollout.verify
        guard record.results.count < checks.count else {
            var record = record
            record.phase = .passed
            return note(record, of: stored, reason: "verification passed", "every check passed")
        }
        let step = checks[record.results.count]
        let operation = CheckOperation(
            app: app.key,
            uid: app.metadata.uid,
            release: release.id,
            attempt: record.attempt,
            step: step,
            pod: pod,
            facts: facts(of: release)
        )
        let position = "check \(record.results.count + 1) of \(checks.count), \(step.name)"
        var record = record
        var plan: Plan
        switch observation.checkProgress[operation.id] {
        case .finished(.passed):
            record.results.append(CheckResult(name: step.name, .passed, at: now.rfc3339))
            plan = note(record, of: stored, reason: "check \(step.name) passed", "\(position), passed")
        case .finished(.failed(let message, let detail)):
            record.results.append(CheckResult(name: step.name, .failed, message: message, at: now.rfc3339))
            record.detail = detail.map { String($0.prefix(2048)) }
            let trouble = PodTrouble(fault: .release, reason: "CheckFailed", message: "check \(step.name): \(message)")
            plan = fail(stored, record, trouble)
        case .finished(.blocked(let reason, let message)), .blocked(let reason, let message):
            plan = self.plan([], release, record, "\(position): \(message)", blocked: reason)
        case nil: plan = self.plan([], release, record, "\(position), is running")
        }
        // Also where it is over: a pass that does not see yet what was written of it must not have it made again.
        plan.check = operation
        return plan
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
            record.results = []
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

    private func note(
        _ record: VerificationRecord,
        of stored: StoredRelease,
        _ failure: ReleaseFailure? = nil,
        reason: String,
        _ message: String
    ) -> Plan {
        var state = OwnedObjects.RevisionState(of: stored)
        state.verification = record
        state.failure = failure
        return plan([.apply(objects.revision(stored, state), reason: reason)], stored.release, record, message)
    }

    /// A plan in which what runs is kept in step.
    private func plan(
        _ own: [PlanStep],
        _ release: Release,
        _ record: VerificationRecord,
        _ message: String,
        blocked: String? = nil
    ) -> Plan {
        var others: [PlanStep] = []
        var running: (release: Release, convergedAt: String?)?
        if let current {
            let (steps, convergedAt) = steps(toward: DesiredRelease(release: current.release, stored: current))
            others = steps
            running = (current.release, convergedAt)
        }
        let verifying = Verifying(
            release: release,
            record: record,
            message: message,
            blocked: blocked,
            current: running
        )
        return finish(own + others, .verifying(verifying))
    }
}
