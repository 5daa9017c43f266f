import Artifacts
import KubernetesAPI
import ModelAppAPI

/// Whether somebody consents to a release.
///
/// A request is open from when its pair is first chosen. The status keeps since when, that an answer was seen, and which
/// requests ended in vain; where it is lost a request begins anew.
struct ApprovalGate {
    let app: ModelApp
    /// What runs.
    let current: Release?
    let now: Timestamp

    /// An answer: `<release id> <user>`.
    struct Answer: Hashable {
        var id: String
        /// Who it says it is from; empty where it does not.
        var user: String
    }

    /// The answer in the annotation; nil where there is none, or nothing asks for one.
    var answer: Answer? {
        guard app.spec.rollout.approval != nil, let text = app.metadata.annotations[Keys.approve] else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard let id = parts.first else { return nil }
        return Answer(id: id, user: parts.count > 1 ? String(parts[1].prefix(256)) : "")
    }

    /// The answer to the request for the release called `id`, if it was given in time.
    func answer(to id: String) -> Answer? {
        guard let answer, answer.id == id, !isExpired(id) else { return nil }
        return answer
    }

    /// What holds `release` back; nil where it may start. One whose request ended in vain does not count at all, which is
    /// a matter of `PairChoice`.
    func hold(on release: Release) -> ReleaseHold? {
        guard isNeeded(code: release.code.digest, model: release.model.digest), !isExpired(release.id),
            answer(to: release.id) == nil
        else { return nil }
        let end = deadline(of: release.id)
        let limit = end.map { " until \($0.rfc3339)" } ?? ""
        let command = "kubectl annotate --overwrite modelapp \(app.metadata.name) '\(Keys.approve)=\(release.id) USER'"
        return ReleaseHold(gate: "Approval", message: "it needs approval\(limit): \(command)", until: end)
    }

    /// That nobody answered in time; nil while somebody may.
    func expiry(of id: String) -> ReleaseHold? {
        guard isExpired(id) else { return nil }
        let message = "nobody approved it in time; it is dropped until something newer comes"
        return ReleaseHold(gate: ReleaseHold.expired, message: message, until: nil)
    }

    /// Whether a half that asks for approval changes.
    func isNeeded(code: String, model: String) -> Bool {
        (app.spec.rollout.approval?.halves ?? []).contains { half in
            switch half {
            case .code: current?.code.digest != code
            case .model: current?.model.digest != model
            }
        }
    }

    /// The releases whose requests ended in vain, the latest at the end.
    var dropped: [String] {
        guard app.spec.rollout.approval != nil else { return [] }
        var ids = app.status.release?.dropped ?? []
        if let id = app.status.release?.target?.id, !ids.contains(id), isExpired(id) { ids.append(id) }
        return ids.suffix(Self.remembered)
    }

    private static let remembered = 16

    private func request(for id: String) -> TargetRelease? {
        guard let target = app.status.release?.target, target.id == id, target.since != nil else { return nil }
        return target
    }

    private func deadline(of id: String) -> Timestamp? {
        guard let period = app.spec.rollout.approval?.deadline?.duration else { return nil }
        let since = request(for: id)?.since.flatMap { try? Timestamp(rfc3339: $0) }
        return (since ?? now) + period
    }

    private func isExpired(_ id: String) -> Bool {
        guard let approval = app.spec.rollout.approval, approval.deadline != nil else { return false }
        if app.status.release?.dropped.contains(id) == true { return true }
        guard let request = request(for: id), request.waitingFor.contains("Approval"), let end = deadline(of: id) else {
            return false
        }
        // An answer counts from when it was seen, however far away the window is.
        return request.approvedAt == nil && now >= end
    }
}
