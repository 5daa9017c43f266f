import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import Selection

/// Puts an outcome into the words of the status (api.md "Status"; kstatus).
struct StatusComposer {
    let planner: Planner
    let outcome: Outcome
    /// Whether the plan still has something to do.
    let changes: Bool

    private var previous: ModelAppStatus { planner.app.status }
    private var generation: Int64 { planner.app.metadata.generation }

    func status() -> ModelAppStatus {
        var status = previous
        status.observedGeneration = generation
        if let version = planner.resolution.code.version {
            status.code = status.code ?? CodeStatus()
            status.code?.latest = version
        }
        if let sightings = planner.resolution.sightings, sightings != status.code?.waiting ?? [] {
            status.code = status.code ?? CodeStatus()
            status.code?.waiting = sightings
        }
        if let model = planner.resolution.model.version {
            status.model = status.model ?? ModelStatus()
            status.model?.latest = model.version
        }
        if let sightings = planner.resolution.modelSightings, sightings != status.model?.waiting ?? [] {
            status.model = status.model ?? ModelStatus()
            status.model?.waiting = sightings
        }
        // Only artifacts are watched for.
        if planner.app.spec.model.oci == nil { status.model?.waiting = [] }
        status.release = release()
        status.quarantine = Array(Quarantine(planner.observation).entries.prefix(64))
        status.history = history()
        status.endpoint = endpoint()
        let request = planner.app.metadata.annotations[Keys.reconcileRequestedAt]
        // What was asked for is done once the scans have ended.
        if let request, !planner.resolution.awaitsScan { status.lastHandledReconcileAt = String(request.prefix(256)) }
        status.conditions = stamped(conditions())
        return status
    }

    private func conditions() -> [Condition] {
        var conditions = halves() + [fieldsOwned()].compactMap { $0 }
        switch outcome {
        case .suspended:
            let ready = previous.condition("Ready")
            var condition = Condition(
                "Ready",
                ready.map { $0.status }.flatMap { $0 == "Unknown" ? nil : $0 == "True" },
                reason: "Suspended",
                message: "spec.suspend is set; nothing is changed"
            )
            condition.observedGeneration = generation
            conditions.append(condition)
        case .spec(let reason, let message):
            conditions.append(Condition("Ready", false, reason: reason, message: message))
            conditions.append(Condition("Stalled", true, reason: reason, message: message))
        case .contested(let contest): conditions += contested(contest)
        case .missingHalf(let half, let failure):
            let reason = failure?.reason ?? "Progressing"
            let message = failure?.message ?? "the \(half == .code ? "registry" : "model store") has not been read yet"
            conditions.append(Condition("Ready", false, reason: reason, message: message))
            if failure?.isTerminal == true {
                conditions.append(Condition("Stalled", true, reason: reason, message: message))
            } else {
                conditions.append(Condition("Reconciling", true, reason: reason, message: message))
            }
        case .running(let release, let convergedAt):
            conditions += running(release, convergedAt)
        case .verifying(let verifying): conditions += self.verifying(verifying)
        case .waiting(let release, let holds, let current):
            conditions += waiting(release, holds, current)
        }
        return conditions
    }

    /// An update that waits leaves Ready as it is; an edit of the spec that waits does not run, and says so.
    private func waiting(
        _ release: Release,
        _ holds: [ReleaseHold],
        _ current: (Release, convergedAt: String?)?
    ) -> [Condition] {
        let message =
            "code \(release.code.tag) + model \(release.model.version) (release \(release.id)): \(holds.text)"
        let reason = holds.first?.reason ?? "Waiting"
        // Who waits for a gate rests; who waits for work of the operator's own makes progress.
        let work =
            holds.first?.gate == ReleaseHold.bake
            ? [Condition("Reconciling", true, reason: reason, message: message)] : []
        guard let (running, convergedAt) = current else {
            return [Condition("Ready", false, reason: reason, message: message)] + work
        }
        let update = Condition("UpdateAvailable", true, reason: reason, message: message)
        if release.templateHash != running.templateHash {
            return [Condition("Ready", false, reason: reason, message: message), update] + work
        }
        return self.running(running, convergedAt) + [update]
    }

    func running(_ release: Release, _ convergedAt: String?) -> [Condition] {
        let progress = planner.observation.progress(of: release.id)
        let pair = "code \(release.code.tag) + model \(release.model.version)"
        let wasConverged = convergedAt != nil
        if let conditions = putBackByHand(release, progress, pair) { return conditions }
        if let setback = planner.setback, setback.putBack(release.id) {
            return rolledBack(setback, progress, pair)
        }
        if !progress.isComplete, let failure = planner.observation.stored(release.id)?.failure {
            return failed(failure, pair)
        }
        let update = planner.setback.flatMap(quarantined).map { [$0] } ?? []
        return running(release, progress, pair, wasConverged: wasConverged) + update
    }

    private func running(
        _ release: Release,
        _ progress: RolloutProgress,
        _ pair: String,
        wasConverged: Bool
    ) -> [Condition] {
        if progress.isComplete {
            let pods = "\(progress.available)/\(progress.desired) pods"
            return [Condition("Ready", true, reason: "Converged", message: "\(pair) on \(pods)\(refusedRollback)")]
        }
        if let failure = progress.failure {
            let message =
                "\(pair): \(failure.reason): \(String(failure.message.prefix(300)))" + trouble(of: release)
            let ready = Condition("Ready", false, reason: "Degraded", message: message)
            return wasConverged
                ? [ready] : [ready, Condition("Reconciling", true, reason: "Degraded", message: message)]
        }
        let message =
            "\(pair): \(progress.updated) of \(progress.desired) pods updated, \(progress.available) available"
            + (planner.observation.isPaused ? "; the Deployment is paused (kubectl rollout pause)" : "")
            + trouble(of: release)
        let isEdit = previous.observedGeneration != generation && previous.observedGeneration > 0
        let hadReady = previous.condition("Ready")
        // Pods that fail after convergence are a loss; a newer pair that rolls out is not (the old one still serves).
        if wasConverged, !changes {
            return [Condition("Ready", false, reason: "Degraded", message: message)]
        }
        let keepsReady =
            hadReady?.isTrue == true && !isEdit
            && (release.cause == "NewCode" || release.cause == "NewModel" || release.cause == "NewCodeAndModel")
        return [
            Condition("Ready", keepsReady, reason: "Progressing", message: message),
            Condition("Reconciling", true, reason: "Progressing", message: message),
        ]
    }

    /// What keeps pods of `release` from being ready, as far as it is known.
    private func trouble(of release: Release) -> String {
        if let shortage = planner.shortage(of: release) {
            return "; \(shortage.reason): \(shortage.message); \(planner.answer(to: shortage, of: release))"
        }
        guard let pods = planner.observation.pods else { return "" }
        let trouble = PodTrouble(pods, release: release.id)
        return trouble.isSpecific || planner.observation.isOverdue ? "; \(trouble.reason): \(trouble.message)" : ""
    }

    private func halves() -> [Condition] {
        [
            half("CodeResolved", planner.resolution.code.failure, pending: planner.resolution.code == .pending),
            half("ModelResolved", planner.resolution.model.failure, pending: planner.resolution.model == .pending),
        ].compactMap { $0 }
    }

    private func half(_ type: String, _ failure: ResolutionFailure?, pending: Bool) -> Condition? {
        if pending { return previous.condition(type) }
        if let failure { return Condition(type, false, reason: failure.reason, message: failure.message) }
        return Condition(type, true, reason: "Succeeded", message: message(of: type))
    }

    private func message(of type: String) -> String {
        if type == "CodeResolved" {
            let outcome = planner.resolution.code.outcome
            let latest = outcome?.ranked.first?.candidate
            let isByBuildTime = latest?.time == nil && latest?.built != nil
            let order = isByBuildTime ? "; by the images' own build times, for the registry tells no push times" : ""
            return "latest is \(planner.resolution.code.version?.tag ?? "")\(tie(outcome?.ties.first?.names))\(order)"
        }
        let model = planner.resolution.model.version
        var message =
            "latest is \(model?.version.version ?? "")\(tie(planner.resolution.model.outcome?.ties.first?.names))"
        if model?.version.identity == "ETags" {
            message += "; the store keeps no checksum of the content, so an identical upload counts as a new version"
        }
        if model?.isRestorable == false {
            message +=
                "; its bytes are overwritten in place: no rollback to it without versioning, Baked or ImageVolume"
        }
        return message
    }

    private func tie(_ names: [String]?) -> String {
        guard let names, names.count > 1 else { return "" }
        return "; \(names.prefix(4).joined(separator: " and ")) rank the same, the first was taken"
    }

    /// Keeps `lastTransitionTime` while the status value stays (metav1.Condition).
    private func stamped(_ conditions: [Condition]) -> [Condition] {
        conditions.map { condition in
            var condition = condition
            condition.observedGeneration = generation
            let before = previous.condition(condition.type)
            condition.lastTransitionTime =
                before?.status == condition.status ? before?.lastTransitionTime ?? "" : planner.now.rfc3339
            if condition.lastTransitionTime.isEmpty { condition.lastTransitionTime = planner.now.rfc3339 }
            return condition
        }.sorted { $0.type < $1.type }
    }

    private func release() -> ReleaseStatus? {
        let observation = planner.observation
        let (target, convergedAt): (Release, String?)
        switch outcome {
        case .running(let release, let converged): (target, convergedAt) = (release, converged)
        case .waiting(_, _, .some(let current)): (target, convergedAt) = current
        case .verifying(let verifying):
            guard let current = verifying.current else {
                var status = ReleaseStatus()
                status.dropped = planner.approvalGate.dropped
                status.target = self.target(verifying: verifying)
                return status
            }
            (target, convergedAt) = current
        case .waiting(let release, let holds, nil):
            var status = ReleaseStatus()
            status.dropped = planner.approvalGate.dropped
            status.target = self.target(release, held: holds)
            return status
        default: return previous.release
        }
        let progress = observation.progress(of: target.id)
        var status = ReleaseStatus()
        status.dropped = planner.approvalGate.dropped
        let current = convergedAt != nil ? nil : observation.lastConverged
        if convergedAt != nil {
            status.current = currentRelease(target, since: convergedAt)
        } else if let current {
            status.current = currentRelease(current.release, since: current.convergedAt)
        }
        if case .waiting(let release, let holds, _) = outcome {
            status.target = self.target(release, held: holds)
        } else if case .verifying(let verifying) = outcome {
            status.target = self.target(verifying: verifying)
        } else if let setback = planner.setback, setback.putBack(target.id) {
            status.target = self.target(setback.failed.release)
            status.target?.phase = progress.isComplete ? .rolledBack : .failed
            status.target?.message = setback.failed.failure.map { Self.text($0) }
        } else if let failure = observation.stored(target.id)?.failure, !progress.isComplete {
            status.target = self.target(target)
            status.target?.phase = .failed
            status.target?.message = Self.text(failure)
        } else {
            status.target = self.target(target)
            status.target?.phase = progress.isComplete ? .converged : .progressing
            if let shortage = planner.shortage(of: target) {
                status.target?.waitingFor = [Shortage.gate]
                let answer = planner.answer(to: shortage, of: target)
                status.target?.message = "\(shortage.reason): \(shortage.message); \(answer)"
            }
        }
        var pods = PodCounts()
        pods.desired = progress.desired
        pods.onTarget = progress.updated
        let rest = max(progress.total - progress.updated, 0)
        if status.current != nil, status.current?.id != target.id { pods.onCurrent = rest } else { pods.other = rest }
        status.pods = pods
        return status
    }

    func target(_ release: Release, held holds: [ReleaseHold] = []) -> TargetRelease {
        var target = TargetRelease()
        target.id = release.id
        target.code = ReleaseCode(tag: release.code.tag, digest: release.code.digest)
        target.model = ReleaseModel(version: release.model.version, digest: release.model.digest)
        if !holds.isEmpty { note(holds, on: release, in: &target) }
        if holds.contains(where: { $0.gate == ReleaseHold.bake }) { target.phase = .preparing }
        return target
    }

    private func currentRelease(_ release: Release, since: String?) -> CurrentRelease {
        var current = CurrentRelease()
        current.id = release.id
        current.code = ReleaseCode(tag: release.code.tag, digest: release.code.digest)
        current.model = ReleaseModel(version: release.model.version, digest: release.model.digest)
        current.image = release.image
        current.since = since
        current.restorable = release.restorable
        return current
    }

    private func history() -> [HistoryEntry] {
        planner.observation.history.prefix(Int(planner.app.spec.rollout.historyLimit)).map { record in
            let stored = record.stored
            var entry = HistoryEntry()
            entry.id = stored.release.id
            entry.code = stored.release.code.tag
            entry.model = stored.release.model.version
            entry.cause = stored.cause
            entry.approvedBy = stored.approvedBy
            entry.at = stored.startedAt
            entry.result = result(ofCandidate: stored) ?? record.result
            entry.tookSeconds = stored.tookSeconds
            return entry
        }
    }

    private func endpoint() -> EndpointStatus? {
        guard let service = planner.observation.service, let spec = planner.app.spec.target.service else { return nil }
        var endpoint = EndpointStatus()
        let ingress = service.status["loadBalancer"]?["ingress"]?[0]
        endpoint.ip = ingress?["ip"]?.string
        endpoint.hostname = ingress?["hostname"]?.string
        let name = spec.dns?.hostname ?? endpoint.hostname ?? endpoint.ip
        if let name, let port = spec.ports.first?.port {
            let host = name.contains(":") ? "[\(name)]" : name
            endpoint.url = port == 443 ? "https://\(host)" : port == 80 ? "http://\(host)" : "http://\(host):\(port)"
        }
        return endpoint == EndpointStatus() ? nil : endpoint
    }
}
