import Artifacts
import KubernetesAPI
import ModelAppAPI

extension Planner {
    /// What keeps `release` from starting; empty for one that has.
    func holds(on release: Release) throws(FieldProblem) -> [ReleaseHold] {
        let current = observation.current
        guard release.id != current?.release.id else { return [] }
        if let pausedHold { return [pausedHold] }
        if isStarted(release) { return [] }
        // What puts back the last good release waits for nothing.
        guard setback?.good?.release.id != release.id else { return [] }
        let calendar = try CalendarGate(app: app, zones: resolution.zones, now: now)
            .hold(on: release, isFirst: current == nil)
        return [approvalGate.hold(on: release), calendar].compactMap { $0 }
    }

    /// Whether `release` gets traffic in the second slot, or nothing is left to do but to send it there: a window gates the
    /// start.
    private func isStarted(_ release: Release) -> Bool {
        guard hasTwoSlots, let top = observation.newestFirst.first, top.release.id == release.id else { return false }
        return !top.isCandidate || top.verification?.hasTraffic == true
    }

    /// Whether somebody consents.
    var approvalGate: ApprovalGate { ApprovalGate(app: app, current: observation.current?.release, now: now) }

    /// Who approved `release`, where the operator may believe it.
    func approver(of release: Release) -> String? {
        guard policy.recordsApprovers, let user = approvalGate.answer(to: release.id)?.user, !user.isEmpty else {
            return nil
        }
        return user
    }

    /// That the ModelApp waits for itself, by way of others.
    var afterCycle: FieldProblem? {
        AfterFilter(app: app, upstreams: observation.upstreams, now: now).cyclicRule().map {
            FieldProblem("spec.rollout.after[\($0.name)]", "\(app.key(of: $0)) waits for this ModelApp in turn")
        }
    }
}
