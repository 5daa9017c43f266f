import Artifacts
import ModelAppAPI

/// What the status says of a release that waits.
extension StatusComposer {
    /// Everything that holds it back, and the state of the request for approval.
    func note(_ holds: [ReleaseHold], on release: Release, in target: inout TargetRelease) {
        var gates: [String] = []
        for hold in holds where !gates.contains(hold.gate) { gates.append(hold.gate) }
        target.waitingFor = gates
        target.nextWindow = holds.first { $0.gate == "Window" || $0.gate == "Blackout" }?.until?.rfc3339
        target.message = String(holds.text.prefix(1024))
        let before = planner.app.status.release?.target.flatMap { $0.id == release.id ? $0 : nil }
        target.since = before?.since ?? planner.now.rfc3339
        guard let answer = planner.approvalGate.answer(to: release.id) else { return }
        target.approvedAt = before?.approvedAt ?? planner.now.rfc3339
        target.approvedBy = planner.policy.recordsApprovers && !answer.user.isEmpty ? answer.user : nil
    }
}
