public import Artifacts
import JSON
public import KubernetesAPI
public import ModelAppAPI
public import Schedules
import Selection

/// What a spec would have released in the past, decided by the functions of the operator on a clock that jumps from one
/// change to the next.
public struct PolicySimulation: Sendable {
    /// One release that would have been made.
    public struct Entry: Sendable, Hashable {
        /// When it would have started.
        public var at: Timestamp
        /// The tag of the code.
        public var code: String
        /// The version of the model.
        public var model: String
        /// What led to it.
        public var cause: String
        /// What it had waited for, `Window` for instance; empty where it started at once.
        public var waitedFor: String
        /// For how long.
        public var waited: Duration
    }

    /// What came of a simulation.
    public struct Result: Sendable, Hashable {
        /// The releases, the earliest first. The first of them stands for whatever ran at the beginning.
        public var entries: [Entry] = []
        /// What would wait at the end.
        public var waiting: Entry?
        /// What cannot be known of that past, for people.
        public var unknown: [String] = []
    }

    /// How often the clock may jump. Sources that change more often are cut off, which `unknown` says.
    private static let maximumSteps = 200_000

    private let app: ModelApp
    private let record: SourceRecord
    private let zones: [String: TimeZoneRules]
    private var unknown: [String] = []

    /// A simulation of `app` on what its sources hold.
    /// - Parameter zones: the clocks of the time zones that the spec names.
    public init(of app: ModelApp, _ record: SourceRecord, zones: [String: TimeZoneRules]) {
        (self.record, self.zones) = (record, zones)
        var app = app
        app.status = ModelAppStatus()
        app.metadata.annotations = [:]
        if app.metadata.uid.isEmpty { app.metadata.uid = "simulation" }
        unknown = Self.simplify(&app.spec)
        self.app = app
        let untimed = record.tags.filter { $0.time == nil }.count
        if untimed > 0 {
            unknown.append(
                "The registry does not say when \(untimed) of \(record.tags.count) tags were pushed. They are taken to "
                    + "have been there from the beginning."
            )
        }
        if app.spec.model.versions == nil {
            unknown.append("Of a model that is overwritten in place, only the last upload is known.")
        }
    }

    /// Leaves out what has no bearing on when a pair is released, or cannot be told of the past, and says the latter.
    private static func simplify(_ spec: inout ModelAppSpec) -> [String] {
        var unknown = [
            "What was deleted, overwritten or moved to another tag since is not there to be seen.",
            "Scans are taken to come at once, rollouts to take no time and to succeed.",
        ]
        func drop(_ isSet: Bool, _ field: String, _ taken: String) {
            if isSet { unknown.append("\(field): \(taken).") }
        }
        drop(spec.rollout.approval != nil, "spec.rollout.approval", "taken as given at once")
        drop(!spec.rollout.after.isEmpty, "spec.rollout.after", "the other ModelApps are taken to be ahead")
        drop(!spec.rollout.verify.isEmpty, "spec.rollout.verify", "all checks are taken to pass")
        drop(spec.verification != nil, "spec.verification", "all signatures are taken to be good")
        drop(!spec.compatibility.isEmpty, "spec.compatibility", "all pairs are taken to fit")
        spec.suspend = false
        (spec.rollout.approval, spec.rollout.after, spec.rollout.verify) = (nil, [], [])
        (spec.rollout.strategy, spec.rollout.attempts) = (Strategy(), 1)
        (spec.verification, spec.compatibility, spec.triggers, spec.allowAfterFrom) = (nil, [], nil, [])
        spec.delivery = Delivery()
        spec.delivery.mode = .reference
        var own = OwnedTarget()
        own.template = ["spec": ["containers": [["name": "simulated"]]]]
        spec.target = Target()
        spec.target.own = own
        // One that waits for its window is no other at the beginning: something ran then.
        spec.rollout.initial = .immediately
        return unknown
    }

    /// What would have been released between `start` and `end`. Throws where the spec is wrong.
    public func run(from start: Timestamp, to end: Timestamp) throws(FieldProblem) -> Result {
        if let problem = SpecCheck.problems(in: app).first { throw problem }
        if let field = SpecCheck.unsupported(in: app.spec).first { throw FieldProblem(field, "is not built") }
        var sources = try PastSources(app.spec, record)
        var cluster = SimulatedCluster(app)
        var result = Result(unknown: unknown)
        var wait: (id: String, gate: String, since: Timestamp)?
        var changes = Set(sources.changes.filter { $0 > start.milliseconds && $0 <= end.milliseconds }).sorted()[...]
        var now = start
        for _ in 0..<Self.maximumSteps {
            let running = cluster.observation.appliedRelease
            var (resolution, lookAgainAt) = try sources.resolution(at: now.milliseconds, running: running)
            resolution.zones = zones
            let plan = settle(&cluster, resolution, now)
            if let release = cluster.observation.appliedRelease, release.id != running?.id {
                let own = wait?.id == release.id ? wait : nil
                result.entries.append(entry(release, now, own?.gate ?? "", since: own?.since ?? now))
            }
            let target = plan.status.release?.target
            if let target, target.phase == .waiting {
                let since = wait?.id == target.id ? wait?.since ?? now : now
                wait = (target.id, target.waitingFor.first ?? "", since)
            } else {
                wait = nil
            }
            while let first = changes.first, first <= now.milliseconds { changes = changes.dropFirst() }
            let times = [changes.first, lookAgainAt, plan.requeueAfter.map { (now + $0).milliseconds }]
            guard let next = times.compactMap({ $0 }).filter({ $0 > now.milliseconds }).min(),
                next <= end.milliseconds
            else {
                if let target, let wait {
                    result.waiting = Entry(
                        at: wait.since,
                        code: target.code.tag,
                        model: target.model.version,
                        cause: "",
                        waitedFor: wait.gate,
                        waited: end - wait.since
                    )
                }
                return result
            }
            now = Timestamp(microseconds: next * 1000)
        }
        result.unknown.append("The sources change too often: what came after \(now) was left out.")
        return result
    }

    /// Carries out plans until there is nothing to do; every pod is up at once.
    private func settle(_ cluster: inout SimulatedCluster, _ resolution: Resolution, _ now: Timestamp) -> Plan {
        var plan = makePlan(for: cluster.observation, resolution: resolution, now: now, policy: PlanPolicy())
        for _ in 0..<8 where !plan.isEmpty {
            for step in plan.steps {
                // Nobody else writes here, so nothing is refused; a step that was would come again with the next plan.
                do throws(SimulatedCluster.Refusal) { try cluster.carryOut(step, now: now) } catch { break }
            }
            cluster.finishRollout()
            plan = makePlan(for: cluster.observation, resolution: resolution, now: now, policy: PlanPolicy())
        }
        cluster.app.status = plan.status
        return plan
    }

    private func entry(_ release: Release, _ now: Timestamp, _ gate: String, since: Timestamp) -> Entry {
        Entry(
            at: now,
            code: release.code.tag,
            model: release.model.version,
            cause: release.cause,
            waitedFor: gate,
            waited: now - since
        )
    }
}
