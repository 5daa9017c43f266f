import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// What the checks of a history remember of what came before.
struct CheckMemory: Sendable {
    /// Releases that every pod ran at some time.
    var ran: Set<String> = []
    /// The release that the operator applied last.
    var written: String?
    /// Whether somebody else wrote the Deployment since.
    var isTampered = false
    /// How often the template of a release was applied, by id and number.
    var starts: [String: Int] = [:]
    /// How many annotations were written that have to differ.
    var requests = 0
    var states: [String: ReleaseState] = [:]
    var transitions: Set<ReleaseTransition> = []
}

/// The invariants of the release state machine.
extension HistoryWorld {
    /// A pod template of the release called `id` was applied.
    /// - Parameters:
    ///   - held: what was put back by hand before.
    ///   - wasMissing: whether there was no Deployment.
    mutating func judge(start id: String, whileHeld held: StoredRelease?, wasMissing: Bool) throws(Violation) {
        let observation = cluster.observation
        guard let stored = cluster.releases.values.first(where: { $0.release.id == id }) else {
            throw Violation("release \(id) is applied and not kept")
        }
        let isRepair = memory.written == id && memory.isTampered
        let isFirst = memory.written == nil
        let isPutBack = stored.convergedAt != nil
        if cluster.deployment?.spec["paused"] == true { throw Violation("the template of a paused Deployment changes") }
        if memory.written == id, !memory.isTampered { throw Violation("the template of a release changes") }

        let mayStart =
            isWindowOpen || cluster.app.spec.rollout.windows.isEmpty
            || cluster.app.metadata.annotations[Keys.releaseNow] == id
        guard mayStart || isFirst || isRepair || isPutBack || wasMissing else {
            throw Violation("release \(id) starts outside the window, at \(now)")
        }
        if isPutBack, !memory.ran.contains(id) { throw Violation("release \(id) is put back and never ran") }
        if !isRepair, !stored.isHeld {
            for failed in observation.quarantined where failed.blames(stored.release) {
                // A template is blamed for what it lacks now; what is put back has often the same.
                if isPutBack, failed.failure?.blame == .template { continue }
                throw Violation("release \(id) starts with what failed in \(failed.release.id)")
            }
        }
        let attempt = "\(id) \(stored.number)"
        memory.starts[attempt, default: 0] += 1
        if memory.starts[attempt] ?? 0 > 1, !isRepair, !memory.isTampered {
            throw Violation("release \(id) is rolled out twice in one attempt")
        }
        if let held, held.release.id != id, !stored.isHeld, mustHold(held) {
            throw Violation("release \(id) starts although \(held.release.id) is held")
        }
    }

    /// Whether nothing has ended a hold, by what the user knows of it.
    private func mustHold(_ held: StoredRelease) -> Bool {
        let annotations = cluster.app.metadata.annotations
        guard let hold = held.hold else { return false }
        let resume = annotations[Keys.resume]
        if let resume, resume != hold.spent, resume.hasPrefix(held.release.id) { return false }
        guard hold.way == .rollback else { return true }
        return annotations[Keys.rollback] == hold.request && answers == (true, true)
            && setting.code(newest.code).digest == hold.code
            && setting.model(newest.model).version.digest == hold.model
            && cluster.app.spec.target.own?.template["metadata"]?["labels"]?[HistorySetting.editLabel]
                == cluster.observation.releases.first { $0.release.id == hold.from }?.release
                .template["metadata"]?["labels"]?[HistorySetting.editLabel]
    }

    /// What holds whenever there is nothing to do.
    func check() throws(Violation) {
        let observation = cluster.observation
        var lost = observation
        lost.app.status = ModelAppStatus()
        guard decide(lost, resolution, now, PlanPolicy()).isEmpty else {
            throw Violation("a loss of the status makes something to do")
        }
        let releases = cluster.releases.values
        guard Set(releases.map(\.number)).count == releases.count else { throw Violation("two releases, one number") }
        // The limit, the last that ran, the current one, and what keeps code, model, pair and template in quarantine.
        guard releases.count <= 3 + 2 + 4 else { throw Violation("\(releases.count) releases are kept") }
        if let current = cluster.app.status.release?.current, !memory.ran.contains(current.id) {
            throw Violation("release \(current.id) is said to run and never did")
        }
        if cluster.app.spec.suspend { return }
        guard let live = cluster.deployment else {
            guard releases.isEmpty, !answers.code || !answers.model else { throw Violation("there is no Deployment") }
            return
        }
        if live.spec["paused"] == true { return }
        let id = live.metadata.annotations[Keys.release]
        guard let stored = releases.first(where: { $0.release.id == id }) else {
            throw Violation("the Deployment carries a release that is not kept")
        }
        guard live.spec["template"] == stored.release.template else { throw Violation("drift is left") }
        try checkNewest(stored, observation)
    }

    /// Where nothing holds it back, the newest pair is in place.
    private func checkNewest(_ live: StoredRelease, _ observation: Observation) throws(Violation) {
        let isFree =
            answers == (true, true) && observation.quarantined.isEmpty && observation.heldByHand == nil
            && (cluster.app.spec.rollout.windows.isEmpty || isWindowOpen)
        guard isFree else { return }
        let release = live.release
        let edit = release.template["metadata"]?["labels"]?[HistorySetting.editLabel]
        guard release.code.digest == setting.code(newest.code).digest,
            release.model.digest == setting.model(newest.model).version.digest, edit == .string(String(self.edit))
        else { throw Violation("release \(release.id) is in place, which is not the newest, and nothing holds it") }
    }

    /// Compares what became of each release with the table.
    mutating func noteStates(_ actions: [String: ReleaseTransition.Action]) throws(Violation) {
        var states: [String: ReleaseState] = [:]
        for record in cluster.observation.history { states[record.stored.release.id] = record.state }
        if let target = cluster.app.status.release?.target, target.phase == .waiting, states[target.id] == nil {
            states[target.id] = .waiting
        }
        for id in Set(states.keys).union(memory.states.keys) {
            let (from, to) = (memory.states[id] ?? .absent, states[id] ?? .absent)
            guard from != to else { continue }
            let action = actions[id] ?? .none
            let row = ReleaseLifecycle.transitions.first { $0.from == from && $0.to == to && $0.action == action }
            guard let row else { throw Violation("no such transition: \(from) to \(to) by \(action)") }
            memory.transitions.insert(row)
        }
        memory.states = states
    }
}

extension StoredRelease {
    /// Whether somebody put it back by hand.
    fileprivate var isHeld: Bool { hold?.number == number }

    /// Whether its failure speaks against `release`.
    fileprivate func blames(_ release: Release) -> Bool {
        switch failure?.blame {
        case .code: self.release.code.digest == release.code.digest
        case .model: self.release.model.digest == release.model.digest
        case .template: self.release.templateHash == release.templateHash
        case .pair: self.release.id == release.id
        case nil: false
        }
    }
}
