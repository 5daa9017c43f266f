import JSON
import KubernetesAPI
import ModelAppAPI

/// Fields of an adopted Deployment that others write too (api.md "Names, keys, ownership").
extension Planner {
    /// That fields which were ours are somebody else's now, and stay so; nil where they are not, or are taken again.
    func contest() -> FieldContest? {
        guard let adopt = app.spec.target.adopt, let live = observation.deployment else { return nil }
        let fields = takenBack(live)
        guard !fields.isEmpty else { return nil }
        switch adopt.onConflict {
        case .takeOnce, .yield:
            return FieldContest(deployment: adopt.name, course: .takenBack, fields: fields)
        case .force:
            guard let takes = takes(live), takes.isOver(in: app.metadata.generation) else { return nil }
            return FieldContest(deployment: adopt.name, course: .fought(takes), fields: fields)
        }
    }

    /// That `release` would have to take fields from others, which `onConflict: Yield` does not.
    func contest(over release: Release) -> FieldContest? {
        guard let adopt = app.spec.target.adopt, adopt.onConflict == .yield, let live = observation.deployment else {
            return nil
        }
        let fields = held(release, on: live)
        return fields.isEmpty ? nil : FieldContest(deployment: adopt.name, course: .held, fields: fields)
    }

    /// Whether `onConflict: Force` takes fields again.
    func isTakingBack(_ live: Deployment) -> Bool {
        app.spec.target.adopt?.onConflict == .force && !takenBack(live).isEmpty
    }

    /// The takes with this one.
    func nextTakes(_ live: Deployment) -> FieldTakes {
        FieldTakes.next(after: takes(live), now: now, generation: app.metadata.generation)
    }

    private func takes(_ live: Deployment) -> FieldTakes? { FieldTakes(live.metadata.annotations[Keys.takes]) }

    /// The fields of the release that was put onto `live` last which have another value and another manager now. What has
    /// no manager is drift.
    private func takenBack(_ live: Deployment) -> [String: [String]] {
        guard let release = lastAdopted(live) else { return [:] }
        return held(release, on: live)
    }

    /// The release that was put onto this very Deployment. Where the annotation that names it was replaced along with the
    /// rest, the last one that ran, if it ran there; one that was let go in between is adopted anew.
    private func lastAdopted(_ live: Deployment) -> Release? {
        if let applied = observation.applied { return applied.release }
        guard let newest = observation.everyNewestFirst.first, newest.convergedAt != nil,
            newest.release.adopted?.uid == live.metadata.uid
        else { return nil }
        return newest.release
    }

    private func held(_ release: Release, on live: Deployment) -> [String: [String]] {
        guard let owners = observation.fieldOwners else { return [:] }
        let differences = FieldComparison.differences(
            applied: release.template,
            live: live.spec["template"] ?? .null,
            at: "spec.template"
        )
        return owners.others(of: differences)
    }
}

extension Observation {
    /// Whether `plan` writes to an adopted Deployment without knowing whose the fields are: then they have to be read, and
    /// it has to be planned again. Nobody asks for them otherwise.
    public func needsFieldOwners(for plan: Plan) -> Bool {
        guard app.spec.target.adopt != nil, fieldOwners == nil else { return false }
        return plan.steps.contains { step in
            switch step {
            case .apply(let apply, _), .claim(let apply): apply.resource == Deployment.resource
            case .scale, .delete, .letGo, .confirm: false
            }
        }
    }
}
