public import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
public import ReleasePlanning

/// What went wrong in a history.
public struct Violation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The invariant, and what broke it.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// A ModelApp, its cluster and its sources, to which events happen. After each event plans are made and carried out until
/// there is nothing to do, and all that must hold is checked.
public struct HistoryWorld: Sendable {
    /// What decides: `makePlan`, or a version of it with a mistake that has to be found.
    public typealias PlanFunction = @Sendable (Observation, Resolution, Timestamp, PlanPolicy) -> Plan

    let setting: HistorySetting
    let decide: PlanFunction
    var cluster: SimulatedCluster
    var now = HistorySetting.start
    var newest = (code: 1, model: 1)
    var answers = (code: true, model: true)
    var edit = 0
    /// The state before the last event.
    var before: Observation?
    /// What the checks remember.
    var memory = CheckMemory()

    /// A world in which nothing has happened yet.
    public init(_ setting: HistorySetting, deciding decide: @escaping PlanFunction = HistoryWorld.planner) {
        self.setting = setting
        self.decide = decide
        cluster = SimulatedCluster(setting.app)
    }

    /// The planner of the operator.
    public static let planner: PlanFunction = { makePlan(for: $0, resolution: $1, now: $2, policy: $3) }

    /// The transitions that came about.
    public var transitions: Set<ReleaseTransition> { memory.transitions }

    /// What the sources say.
    var resolution: Resolution {
        let failure = ResolutionFailure("Unavailable", "no answer")
        return Resolution(
            code: answers.code ? .found(setting.code(newest.code), nil) : .failed(failure),
            model: answers.model ? .found(setting.model(newest.model), nil) : .failed(failure)
        )
    }

    /// Lets an event happen, and everything that follows from it.
    public mutating func take(_ event: HistoryEvent) throws(Violation) {
        let view = cluster.observation
        happen(event)
        try noteStates([:])
        switch event {
        case .crash(let steps):
            _ = try pass(cluster.observation, steps: steps)
            return
        case .staleView:
            if let before { _ = try pass(before, isStale: true) }
        default: break
        }
        before = view
        try settle()
        try check()
    }

    /// Passes until there is nothing to do.
    mutating func settle() throws(Violation) {
        // A failure is noted, undone, and then there is nothing left.
        for _ in 0..<5 {
            if try pass(cluster.observation) { return }
        }
        let plan = decide(cluster.observation, resolution, now, PlanPolicy())
        throw Violation("does not come to an end: \(plan.steps.map(\.object))")
    }

    /// One pass: whether there was nothing to do.
    private mutating func pass(
        _ observation: Observation,
        steps: Int = .max,
        isStale: Bool = false
    ) throws(Violation) -> Bool {
        let plan = decide(observation, resolution, now, PlanPolicy())
        if observation.app.spec.suspend, !plan.isEmpty { throw Violation("suspended, and something is done") }
        var actions: [String: ReleaseTransition.Action] = [:]
        for step in plan.steps.prefix(steps) {
            let held = cluster.observation.heldByHand
            let template = cluster.deployment?.spec["template"]
            do throws(SimulatedCluster.Refusal) {
                try cluster.carryOut(step, now: now)
            } catch {
                // A view that lags behind is refused and looked at again; nothing else may be.
                if isStale, case .conflict = error { return false }
                throw Violation("a step is refused: \(error)")
            }
            note(step, in: &actions)
            guard let id = step.startedRelease else { continue }
            if cluster.deployment?.spec["template"] != template {
                try judge(start: id, whileHeld: held, wasMissing: template == nil)
                actions[id] = actions[id] ?? .apply
            }
            (memory.written, memory.isTampered) = (id, false)
        }
        if plan.isEmpty, !isStale { cluster.app.status = plan.status }
        try noteStates(actions)
        return plan.isEmpty
    }

    private func note(_ step: PlanStep, in actions: inout [String: ReleaseTransition.Action]) {
        switch step {
        case .apply(let apply, let reason):
            guard let id = apply.body["metadata"]?["labels"]?[Keys.release]?.string,
                let action = ReleaseTransition.Action(rawValue: reason), apply.resource == ControllerRevision.resource
            else { return }
            actions[id] = action
        case .delete(_, let key, _): actions[String(key.name.suffix(12))] = .prune
        case .scale, .claim, .letGo, .confirm: break
        }
    }
}

extension PlanStep {
    /// The release whose pod template the step applies.
    fileprivate var startedRelease: String? {
        guard case .apply(let apply, _) = self, apply.resource == Deployment.resource else { return nil }
        return apply.body["metadata"]?["annotations"]?[Keys.release]?.string
    }
}
