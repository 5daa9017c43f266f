public import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// Decides what to do about one ModelApp.
///
/// Pure: no waiting, no clock, no log, no chance. Idempotent: once its steps were carried out, the same resolution
/// gives an empty plan. Never changes a pod template except to make a release or to put one back.
public func makePlan(
    for observation: Observation,
    resolution: Resolution,
    now: Timestamp,
    policy: PlanPolicy
) -> Plan {
    Planner(observation: observation, resolution: resolution, now: now, policy: policy).plan()
}

struct Planner {
    let observation: Observation
    let resolution: Resolution
    let now: Timestamp
    let policy: PlanPolicy
    let renderer: TemplateRenderer
    let objects: OwnedObjects
    /// The hash of what the user says about the template now.
    let templateHash: String
    /// What failed of the newest pair and the present template; nil if nothing did.
    let setback: Setback?
    /// What somebody did by hand, or asks for.
    let holdSearch: HoldSearch
    /// What somebody put back by hand and is to stay; nil if nothing is.
    let held: HeldRelease?

    init(observation: Observation, resolution: Resolution, now: Timestamp, policy: PlanPolicy) {
        self.observation = observation
        self.resolution = resolution
        self.now = now
        self.policy = policy
        renderer = TemplateRenderer(
            app: observation.app,
            fetchImage: policy.fetchImage ?? "",
            adopted: observation.adoptedContainers
        )
        let isAdopted = observation.app.spec.target.adopt != nil
        objects = OwnedObjects(
            app: observation.app,
            selector: isAdopted ? observation.deployment?.matchLabels : nil
        )
        templateHash = renderer.templateHash
        setback = Setback(observation, resolution, templateHash: templateHash)
        holdSearch = HoldSearch(observation: observation, resolution: resolution, templateHash: templateHash)
        held = holdSearch.held
    }

    var app: ModelApp { observation.app }

    func plan() -> Plan {
        let check = observation.check
        if !check.problems.isEmpty {
            let message = check.problems.prefix(5).map(\.description).joined(separator: "; ")
            return stalled("InvalidSpec", message)
        }
        if !check.unsupported.isEmpty {
            return stalled("NotSupported", "not built yet: \(check.unsupported.joined(separator: ", "))")
        }
        if app.spec.suspend { return finish([], .suspended) }
        if let taken = nameTaken() { return stalled("NameTaken", taken) }
        if let obstacle = obstacle() { return stalled(obstacle.reason, obstacle.message) }
        if let contest = contest() { return finish(serviceSteps(for: nil), .contested(contest)) }
        if observation.needsStandby, let standbyTaken {
            return finish(keepingCurrent(), .spec(reason: "NameTaken", message: standbyTaken))
        }
        if let (failed, failure) = observation.verdict(now: now) { return record(failure, of: failed) }
        if let held { return keep(held) }

        if let cycle = afterCycle {
            return finish(keepingCurrent(), .spec(reason: "AfterCycle", message: cycle.description))
        }

        switch desiredRelease() {
        case .failure(let outcome): return finish(keepingCurrent(), outcome)
        case .success(let desired):
            if let contest = contest(over: desired.release) {
                return finish(serviceSteps(for: nil), .contested(contest))
            }
            do throws(FieldProblem) {
                let holds = desired.holds + (try holds(on: desired.release)) + bakeHold(on: desired)
                if !holds.isEmpty {
                    var plan = keepWaiting(desired.release, holds)
                    plan.bake = desired.bake
                    return plan
                }
                return verification(of: desired) ?? converge(on: desired)
            } catch {
                return finish(keepingCurrent(), .spec(reason: "InvalidSpec", message: error.description))
            }
        }
    }

    /// The current release is brought to its end meanwhile, as if nothing newer were there.
    func keepWaiting(_ release: Release, _ holds: [ReleaseHold]) -> Plan {
        var plan: Plan
        if let current = observation.current {
            let (steps, convergedAt) = steps(toward: DesiredRelease(release: current.release, stored: current))
            plan = finish(
                steps + candidateRemoval(for: current.release),
                .waiting(release, holds, current: (current.release, convergedAt: convergedAt))
            )
        } else {
            plan = finish(candidateRemoval(for: nil), .waiting(release, holds, current: nil))
        }
        plan.lookAgain(at: holds.next(after: now), now: now)
        return plan
    }

    /// Notes that a release failed. What follows from it is the next pass's.
    private func record(_ failure: ReleaseFailure, of failed: StoredRelease) -> Plan {
        var state = OwnedObjects.RevisionState(of: failed)
        (state.failure, state.convergedAt) = (failure, nil)
        let revision = objects.revision(failed, state)
        return finish([.apply(revision, reason: "release failed")], .running(failed.release, convergedAt: nil))
    }

    /// The release that should run, or why there is none.
    func desiredRelease() -> Result<DesiredRelease, Outcome> {
        if let canary = canaryInProgress {
            return .success(DesiredRelease(release: canary.release, stored: canary))
        }
        let current = observation.current
        // A source that fails does not stop the other half, nor an edit of the template: its half stays as it runs.
        guard var code = resolution.code.version ?? current?.release.code else {
            return .failure(.missingHalf(.code, resolution.code.failure))
        }
        guard var model = resolution.model.version ?? current.map(resolved) else {
            return .failure(.missingHalf(.model, resolution.model.failure))
        }
        if let setback {
            guard let good = setback.good else {
                // Nothing ever ran: what is there stays, until something newer comes.
                let present = observation.applied ?? setback.failed
                return .success(DesiredRelease(release: present.release, stored: present))
            }
            if setback.holdsAll {
                guard let trial = trial(after: setback, templateHash: templateHash) else {
                    return .success(DesiredRelease(release: good.release, stored: good))
                }
                (code, model) = (trial.code, trial.model)
            }
            if setback.holdsCode { code = good.release.code }
            if setback.holdsModel { model = resolved(good) }
        }
        var (pair, holds) = (Pair(code: code, model: model), [ReleaseHold]())
        // What is tried for blame has passed the filters.
        if setback?.holdsAll != true { (pair, holds) = choice(newest: pair, templateHash: templateHash) }
        (code, model) = (pair.code, pair.model)
        let id = pair.id(templateHash: templateHash)
        if let setback, let good = setback.good, setback.quarantine.entry(release: id) != nil {
            return .success(DesiredRelease(release: good.release, stored: good))
        }
        if let known = observation.releases.first(where: { $0.release.id == id }) {
            return .success(DesiredRelease(release: known.release, stored: known, holds: holds))
        }
        // Only a new release needs the image: one that is kept names its own.
        if app.spec.delivery.mode == .initContainer, policy.fetchImage == nil,
            (app.spec.delivery.fetch?.image ?? "").isEmpty
        {
            let message = "spec.delivery.fetch.image: needed, because the operator was started without --fetch-image"
            return .failure(.spec(reason: "FetchImageMissing", message: message))
        }
        var release = Release()
        release.id = id
        release.code = code
        release.model = model.version
        release.modelURI = model.uri
        release.objectVersions = model.objectVersions
        release.mode = app.spec.delivery.mode
        do throws(ArtifactError) {
            let reference = try ImageReference(app.spec.code.image)
            release.repository = reference.name
            release.image = reference.pinned(to: try Digest(code.digest))
        } catch {
            return .failure(.spec(reason: "InvalidSpec", message: "spec.code.image: \(error.message)"))
        }
        release.restorable = model.isRestorable
        let order: BakeOrder?
        do throws(ArtifactError) {
            order = try bake(&release, after: current)
        } catch {
            return .failure(.spec(reason: "InvalidSpec", message: "spec.delivery.baked.repository: \(error.message)"))
        }
        release.templateHash = templateHash
        release.adopted = renderer.adopted?.deployment
        release.cause = cause(of: release, after: current)
        do throws(TemplateError) {
            release.template = try renderer.template(for: release, model: model)
        } catch {
            return .failure(.spec(reason: error.reason, message: error.message))
        }
        return .success(DesiredRelease(release: release, stored: nil, holds: holds, bake: order))
    }

    func resolved(_ stored: StoredRelease) -> ResolvedModel {
        ResolvedModel(stored.release)
    }

    func cause(of release: Release, after current: StoredRelease?) -> String {
        guard let current else { return "First" }
        let newCode = current.release.code.digest != release.code.digest
        let newModel = current.release.model.digest != release.model.digest
        return newCode && newModel ? "NewCodeAndModel" : newCode ? "NewCode" : newModel ? "NewModel" : "Template"
    }

    private func converge(on desired: DesiredRelease) -> Plan {
        let (steps, convergedAt) = steps(toward: desired)
        let removal = candidateRemoval(for: desired.release)
        return finish(steps + removal, .running(desired.release, convergedAt: convergedAt))
    }

    /// - Parameter sharing: whether the second slot gets a share of the traffic meanwhile.
    func steps(toward desired: DesiredRelease, sharing: Bool = false) -> ([PlanStep], convergedAt: String?) {
        var steps: [PlanStep] = []
        let highest = observation.highestNumber
        let isApplied = observation.deployment?.metadata.annotations[Keys.release] == desired.release.id
        let progress = observation.progress(of: desired.release.id)
        var convergedAt = desired.stored?.convergedAt
        if desired.stored == nil {
            var state = OwnedObjects.RevisionState(number: highest + 1, startedAt: now.rfc3339)
            state.approvedBy = approver(of: desired.release)
            let revision = objects.revision(desired.release, state)
            steps.append(.apply(revision, reason: "new release"))
        } else if let stored = desired.stored, !isApplied, stored.number < highest || stored.isCandidate {
            // An older pair is the latest again: its number says that it was applied last. It has to converge anew, unless
            // it is put back because it did: then it stays the last good one, whatever becomes of it now.
            let isRollback = setback?.good?.release.id == stored.release.id
            var state = OwnedObjects.RevisionState(number: highest + 1, startedAt: now.rfc3339, hold: stored.hold)
            if isRollback {
                state.convergedAt = stored.convergedAt
                state.cause = "Rollback"
            } else if stored.failure != nil {
                state.forgiven = app.metadata.annotations[Keys.unquarantine]
                state.attempt = stored.isForgiven(by: state.forgiven) ? 1 : stored.attempt + 1
            }
            state.approvedBy = stored.isCandidate || isRollback ? stored.approvedBy : approver(of: stored.release)
            if var record = stored.verification {
                record.phase = .released
                state.verification = record
            }
            let revision = objects.revision(stored, state)
            let again = stored.isCandidate ? "release was verified" : "release is applied again"
            steps.append(.apply(revision, reason: isRollback ? "rollback" : again))
            convergedAt = state.convergedAt
        }
        steps += deploymentSteps(desired.release)
        steps += serviceSteps(for: desired.release, sharing: sharing)
        if steps.isEmpty, progress.isComplete, let stored = desired.stored, stored.convergedAt == nil {
            convergedAt = now.rfc3339
            var state = OwnedObjects.RevisionState(of: stored)
            (state.convergedAt, state.failure) = (convergedAt, nil)
            steps.append(.apply(objects.revision(stored, state), reason: "release converged"))
        }
        if steps.isEmpty, progress.isComplete { steps += leftoverSteps() }
        steps += pruneSteps(keeping: desired.release.id)
        return (steps, convergedAt)
    }

    func stalled(_ reason: String, _ message: String) -> Plan {
        finish([], .spec(reason: reason, message: message))
    }

    func finish(_ steps: [PlanStep], _ outcome: Outcome) -> Plan {
        let steps = claimSteps(outcome) + steps
        let status = StatusComposer(planner: self, outcome: outcome, changes: !steps.isEmpty).status()
        var plan = Plan(
            subject: app.key,
            observedGeneration: app.metadata.generation,
            steps: steps,
            status: status,
            requeueAfter: nil
        )
        plan.lookAgain(at: keptUntil, now: now)
        if let applied = observation.applied, let due = inPlaceDue(applied.release), due > now {
            plan.lookAgain(at: due, now: now)
        }
        switch outcome {
        case .running, .waiting: if steps.isEmpty { plan.receipt = receipt }
        default: break
        }
        return plan
    }
}

/// A release to converge on.
struct DesiredRelease {
    var release: Release
    /// The release as it is kept, if it is.
    var stored: StoredRelease?
    /// Rules about pairs that keep it from counting, where none counts.
    var holds: [ReleaseHold] = []
    /// What has to be made before it can start.
    var bake: BakeOrder?
}

/// What a plan comes to, before it is put into conditions.
enum Outcome: Error {
    /// A release runs or is being rolled out.
    case running(Release, convergedAt: String?)
    /// A release is held back; what runs meanwhile.
    case waiting(Release, [ReleaseHold], current: (Release, convergedAt: String?)?)
    /// A half was never resolved, so nothing can run.
    case missingHalf(Half, ResolutionFailure?)
    /// Only an edit of the spec helps.
    case spec(reason: String, message: String)
    /// Others hold fields of the adopted Deployment, and nothing is released.
    case contested(FieldContest)
    /// A release is verified before it gets traffic.
    case verifying(Verifying)
    /// The user asked for rest.
    case suspended
}
