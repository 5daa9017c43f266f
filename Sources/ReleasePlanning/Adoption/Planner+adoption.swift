import JSON
import KubernetesAPI
import ModelAppAPI

/// An existing Deployment in place of an own one.
extension Planner {
    /// Why the Deployment cannot be adopted, or is not to be had; nil if it is, and for an own target.
    func obstacle() -> TemplateError? {
        guard let name = app.spec.target.adopt?.name else { return nil }
        guard let live = observation.deployment else {
            return TemplateError(
                "DeploymentNotFound",
                "spec.target.adopt.name: there is no Deployment \(name) in namespace \(app.metadata.namespace); "
                    + "it is looked for again every \(app.spec.interval)"
            )
        }
        if let holder {
            return TemplateError(
                "AlreadyClaimed",
                "spec.target.adopt.name: Deployment \(name) belongs to ModelApp \(holder); only one can have it: "
                    + "remove that one, or let this one name another Deployment"
            )
        }
        let expressions = live.spec["selector"]?["matchExpressions"]?.array ?? []
        if app.spec.target.service != nil, !expressions.isEmpty {
            return TemplateError(
                "UnsupportedSelector",
                "spec.target.service: Deployment \(name) selects its pods by matchExpressions, which a Service cannot; "
                    + "leave the Service out, or adopt a Deployment with matchLabels alone"
            )
        }
        do throws(TemplateError) {
            _ = try AdoptedContainers(live, target: app.spec.target, owners: nil)
            return nil
        } catch {
            return error
        }
    }

    /// The ModelApp whose Deployment it is: by a claim that counts, or as its owner.
    private var holder: ObjectKey? {
        if let claim = observation.holder { return claim.holder }
        guard let owner = observation.deployment?.metadata.controller, owner.kind == ModelApp.resource.kind,
            owner.apiVersion.hasPrefix(ModelApp.resource.group + "/")
        else { return nil }
        return ObjectKey(namespace: app.metadata.namespace, name: owner.name)
    }

    /// Lets go of Deployments that the spec does not name any more, and claims the one that it names.
    func claimSteps(_ outcome: Outcome) -> [PlanStep] {
        switch outcome {
        case .suspended, .contested, .spec("InvalidSpec", _), .spec("NotSupported", _): return []
        case .running, .waiting, .verifying, .missingHalf, .spec: break
        }
        let isAdopting = app.spec.target.adopt != nil
        let steps = observation.claimed.lettingGo(of: app.key, except: isAdopting ? app.deploymentKey : nil)
        guard isAdopting, obstacle() == nil, let live = observation.deployment, !objects.hasClaimed(live) else {
            return steps
        }
        return steps + [.claim(objects.claim(live))]
    }

    /// Brings `release` onto the adopted Deployment.
    func adoptedSteps(_ release: Release) -> [PlanStep] {
        guard let live = observation.deployment, isPatch(release, of: live) else { return [] }
        let takes = isTakingBack(live) ? nextTakes(live).text : live.metadata.annotations[Keys.takes]
        let body = objects.adopted(release, takes: takes)
        if objects.isInStep(body, live.document, live.metadata, policy) { return [] }
        let isRelease = live.metadata.annotations[Keys.release] != release.id
        // Forced, because who owns what was looked at in the very state that the apply is bound to.
        let step = ApplyStep(
            Deployment.resource,
            live.key,
            body,
            resourceVersion: live.metadata.resourceVersion
        )
        return [.apply(step, reason: isRelease ? "new release" : "drift")]
    }

    /// Whether the containers that `release` patches are still there: an apply would add the others.
    private func isPatch(_ release: Release, of live: Deployment) -> Bool {
        func names(_ template: JSONValue?) -> [String] {
            (template?["spec"]?["containers"]?.array ?? []).compactMap { $0["name"]?.string }
        }
        return Set(names(release.template)).isSubset(of: names(live.spec["template"]))
    }

    /// The labels that the Service selects while `release` is brought into place. Between an own and an adopted target it
    /// stays with the pods that it has until the others run what they should.
    func serviceSelector(for release: Release?) -> [String: String] {
        let slot = trafficSlot(for: release)
        let isAdopted = app.spec.target.adopt != nil
        let wanted = isAdopted ? objects.selector : TemplateRenderer.selector(of: app, in: slot)
        guard let live = observation.service?.spec["selector"]?.object?.compactMapValues(\.string) else {
            return wanted
        }
        let isOwn = live[Keys.name] == app.metadata.name
        guard isOwn == isAdopted, slot == observation.slot else { return wanted }
        let progress = RolloutProgress(observation.deployment, release: observation.applied?.release.id)
        return progress.isComplete ? wanted : live
    }

    /// Deployments of the former target, which go once the adopted one runs what it should.
    func leftoverSteps() -> [PlanStep] {
        observation.leftovers.filter { $0.metadata.controller?.uid == app.metadata.uid }
            .map { .delete(Deployment.resource, $0.key, uid: $0.metadata.uid) }
    }
}
