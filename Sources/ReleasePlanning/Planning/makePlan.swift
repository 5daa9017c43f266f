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
    /// The hash of what the user says about the template now.
    let templateHash: String
    /// What failed of the newest pair and the present template; nil if nothing did.
    let setback: Setback?

    init(observation: Observation, resolution: Resolution, now: Timestamp, policy: PlanPolicy) {
        self.observation = observation
        self.resolution = resolution
        self.now = now
        self.policy = policy
        renderer = TemplateRenderer(app: observation.app, fetchImage: policy.fetchImage ?? "")
        templateHash = renderer.templateHash
        setback = Setback(observation, resolution, templateHash: templateHash)
    }

    var app: ModelApp { observation.app }
    var objects: OwnedObjects { OwnedObjects(app: app) }

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
        if let (failed, failure) = observation.verdict(now: now) { return record(failure, of: failed) }

        switch desiredRelease() {
        case .failure(let outcome): return finish(keepingCurrent(), outcome)
        case .success(let desired):
            do throws(FieldProblem) {
                guard let hold = try hold(on: desired) else { return converge(on: desired) }
                var plan = keepWaiting(desired.release, hold)
                plan.bake = desired.bake
                return plan
            } catch {
                return finish(keepingCurrent(), .spec(reason: "InvalidSpec", message: error.description))
            }
        }
    }

    /// What keeps `release` from starting; nil for one that has.
    func hold(on release: Release) throws(FieldProblem) -> ReleaseHold? {
        let current = observation.current
        // What puts back the last good release waits for nothing.
        guard release.id != current?.release.id, setback?.good?.release.id != release.id else { return nil }
        return try ReleaseGate(app: app, zones: resolution.zones, now: now)
            .hold(on: release, isFirst: current == nil)
    }

    /// The current release is brought to its end meanwhile, as if nothing newer were there.
    private func keepWaiting(_ release: Release, _ hold: ReleaseHold) -> Plan {
        guard let current = observation.current else { return finish([], .waiting(release, hold, current: nil)) }
        let (steps, convergedAt) = steps(toward: DesiredRelease(release: current.release, stored: current))
        var plan = finish(
            steps,
            .waiting(release, hold, current: (current.release, convergedAt: convergedAt))
        )
        plan.requeueAfter = hold.until.map { $0 - now }
        return plan
    }

    /// Notes that a release failed. What follows from it is the next pass's.
    private func record(_ failure: ReleaseFailure, of failed: StoredRelease) -> Plan {
        let state = OwnedObjects.RevisionState(
            number: failed.number,
            startedAt: failed.startedAt,
            failure: failure,
            forgiven: failed.forgiven,
            cause: failed.cause == failed.release.cause ? nil : failed.cause
        )
        let revision = objects.revision(failed, state)
        return finish([.apply(revision, reason: "release failed")], .running(failed.release, convergedAt: nil))
    }

    /// The release that should run, or why there is none.
    private func desiredRelease() -> Result<DesiredRelease, Outcome> {
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
            if setback.holdsAll { return .success(DesiredRelease(release: good.release, stored: good)) }
            if setback.holdsCode { code = good.release.code }
            if setback.holdsModel { model = resolved(good) }
        }
        let id = Release.id(
            codeDigest: code.digest,
            modelDigest: model.version.digest,
            templateHash: templateHash
        )
        if let setback, let good = setback.good, setback.quarantine.entry(release: id) != nil {
            return .success(DesiredRelease(release: good.release, stored: good))
        }
        if let known = observation.releases.first(where: { $0.release.id == id }) {
            return .success(DesiredRelease(release: known.release, stored: known))
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
        release.cause = cause(of: release, after: current)
        do throws(TemplateError) {
            release.template = try renderer.template(for: release, model: model)
        } catch {
            return .failure(.spec(reason: error.reason, message: error.message))
        }
        return .success(DesiredRelease(release: release, stored: nil, bake: order))
    }

    private func resolved(_ stored: StoredRelease) -> ResolvedModel {
        ResolvedModel(
            version: stored.release.model,
            uri: stored.release.modelURI,
            isRestorable: stored.release.restorable
        )
    }

    private func cause(of release: Release, after current: StoredRelease?) -> String {
        guard let current else { return "First" }
        let newCode = current.release.code.digest != release.code.digest
        let newModel = current.release.model.digest != release.model.digest
        return newCode && newModel ? "NewCodeAndModel" : newCode ? "NewCode" : newModel ? "NewModel" : "Template"
    }

    private func converge(on desired: DesiredRelease) -> Plan {
        let (steps, convergedAt) = steps(toward: desired)
        return finish(steps, .running(desired.release, convergedAt: convergedAt))
    }

    private func steps(toward desired: DesiredRelease) -> ([PlanStep], convergedAt: String?) {
        var steps: [PlanStep] = []
        let highest = observation.releases.map(\.number).max() ?? 0
        let isApplied = observation.deployment?.metadata.annotations[Keys.release] == desired.release.id
        let progress = RolloutProgress(observation.deployment, release: desired.release.id)
        var convergedAt = desired.stored?.convergedAt
        if desired.stored == nil {
            let revision = objects.revision(
                desired.release,
                .init(number: highest + 1, startedAt: now.rfc3339)
            )
            steps.append(.apply(revision, reason: "new release"))
        } else if let stored = desired.stored, !isApplied, stored.number < highest {
            // An older pair is the latest again: its number says that it was applied last. It has to converge anew, unless
            // it is put back because it did: then it stays the last good one, whatever becomes of it now.
            let isRollback = setback?.good?.release.id == stored.release.id
            var state = OwnedObjects.RevisionState(number: highest + 1, startedAt: now.rfc3339)
            if isRollback {
                state.convergedAt = stored.convergedAt
                state.cause = "Rollback"
            } else if stored.failure != nil {
                state.forgiven = app.metadata.annotations[Keys.unquarantine]
            }
            let revision = objects.revision(stored, state)
            steps.append(.apply(revision, reason: isRollback ? "rollback" : "release is applied again"))
            convergedAt = state.convergedAt
        }
        steps += deploymentSteps(desired.release)
        steps += serviceSteps()
        if steps.isEmpty, progress.isComplete, let stored = desired.stored, stored.convergedAt == nil {
            convergedAt = now.rfc3339
            let revision = objects.revision(
                stored,
                .init(
                    number: stored.number,
                    startedAt: stored.startedAt,
                    convergedAt: convergedAt,
                    forgiven: stored.forgiven,
                    cause: stored.cause == stored.release.cause ? nil : stored.cause
                )
            )
            steps.append(.apply(revision, reason: "release converged"))
        }
        steps += pruneSteps(keeping: desired.release.id)
        return (steps, convergedAt)
    }

    /// Without a release to make, the one that runs is kept in step.
    private func keepingCurrent() -> [PlanStep] {
        guard let current = observation.current else { return [] }
        return deploymentSteps(current.release) + serviceSteps()
    }

    private func deploymentSteps(_ release: Release) -> [PlanStep] {
        let body = objects.deployment(release)
        let replicas = app.spec.target.own?.replicas
        guard let live = observation.deployment else {
            var steps: [PlanStep] = [.apply(ApplyStep(Deployment.resource, objects.key, body), reason: "new release")]
            if let replicas { steps.append(.scale(objects.replicas(replicas))) }
            return steps
        }
        var steps: [PlanStep] = []
        if !objects.isInStep(body, live.document, live.metadata, policy) {
            let isRelease = live.metadata.annotations[Keys.release] != release.id
            steps.append(
                .apply(
                    ApplyStep(
                        Deployment.resource,
                        objects.key,
                        body,
                        resourceVersion: live.metadata.resourceVersion
                    ),
                    reason: isRelease ? "new release" : "drift"
                )
            )
        }
        // Replicas have a manager of their own: the main apply never names them, so an autoscaler keeps what it sets.
        if let replicas, live.metadata.annotations[Keys.replicas] != String(replicas) {
            steps.append(.scale(objects.replicas(replicas)))
        }
        return steps
    }

    private func serviceSteps() -> [PlanStep] {
        guard let spec = app.spec.target.service else {
            guard let live = observation.service, objects.owns(live.metadata) else { return [] }
            return [.delete(Service.resource, objects.key, uid: live.metadata.uid)]
        }
        let body = objects.service(spec)
        guard let live = observation.service else {
            return [.apply(ApplyStep(Service.resource, objects.key, body), reason: "new service")]
        }
        if objects.isInStep(body, live.document, live.metadata, policy) { return [] }
        return [
            .apply(
                ApplyStep(Service.resource, objects.key, body, resourceVersion: live.metadata.resourceVersion),
                reason: "service changed"
            )
        ]
    }

    private func pruneSteps(keeping id: String) -> [PlanStep] {
        let limit = Int(app.spec.rollout.historyLimit)
        let protected: Set<String> = [
            id, observation.lastConverged?.release.id ?? "", observation.current?.release.id ?? "",
        ]
        let quarantine = Quarantine(observation)
        return observation.newestFirst.dropFirst(limit).filter {
            !protected.contains($0.release.id) && !quarantine.isNeeded($0, for: resolution)
        }.map { stored in
            .delete(
                ControllerRevision.resource,
                ObjectKey(namespace: app.metadata.namespace, name: stored.name),
                uid: stored.uid
            )
        }
    }

    private func nameTaken() -> String? {
        func message(_ kind: String, _ metadata: ObjectMeta) -> String {
            let owner = metadata.controller.map { "\($0.kind) \($0.name)" } ?? "nobody this ModelApp knows"
            return "\(kind) \(metadata.name) exists and belongs to \(owner); rename the ModelApp or remove the \(kind)"
        }
        if let metadata = observation.deployment?.metadata, !objects.owns(metadata) {
            return message("Deployment", metadata)
        }
        if app.spec.target.service != nil, let metadata = observation.service?.metadata, !objects.owns(metadata) {
            return message("Service", metadata)
        }
        return nil
    }

    private func stalled(_ reason: String, _ message: String) -> Plan {
        finish([], .spec(reason: reason, message: message))
    }

    private func finish(_ steps: [PlanStep], _ outcome: Outcome) -> Plan {
        let status = StatusComposer(planner: self, outcome: outcome, changes: !steps.isEmpty).status()
        return Plan(
            subject: app.key,
            observedGeneration: app.metadata.generation,
            steps: steps,
            status: status,
            requeueAfter: nil
        )
    }
}

/// A release to converge on.
struct DesiredRelease {
    var release: Release
    /// The release as it is kept, if it is.
    var stored: StoredRelease?
    /// What has to be made before it can start.
    var bake: BakeOrder?
}

/// What a plan comes to, before it is put into conditions.
enum Outcome: Error {
    /// A release runs or is being rolled out.
    case running(Release, convergedAt: String?)
    /// A release is held back; what runs meanwhile.
    case waiting(Release, ReleaseHold, current: (Release, convergedAt: String?)?)
    /// A half was never resolved, so nothing can run.
    case missingHalf(Half, ResolutionFailure?)
    /// Only an edit of the spec helps.
    case spec(reason: String, message: String)
    /// The user asked for rest.
    case suspended
}
