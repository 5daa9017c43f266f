import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// What each event does to the world.
extension HistoryWorld {
    mutating func happen(_ event: HistoryEvent) {
        switch event {
        case .publish(.code): newest.code += 1
        case .publish(.model): newest.model += 1
        case .withdraw(.code): newest.code = max(newest.code - 1, 1)
        case .withdraw(.model): newest.model = max(newest.model - 1, 1)
        case .fails(.code): answers.code = false
        case .fails(.model): answers.model = false
        case .answers(.code): answers.code = true
        case .answers(.model): answers.model = true
        case .podsReady, .podsFail, .podsLost: pods(event)
        case .edit, .windows, .pauseOnFailure, .suspend: spec(event)
        case .wait(let minutes): now = now + .seconds(60 * minutes)
        case .edge(let seconds): now = nextEdge + .seconds(seconds)
        case .clockBack(let minutes): now = now - .seconds(60 * minutes)
        case .crash, .staleView: break
        case .statusLost: cluster.app.status = ModelAppStatus()
        case .tamper, .deleteDeployment, .loseAnnotation, .undo, .paused: others(event)
        case .rollback, .dropRollback, .resume, .releaseNow, .unquarantine: request(event)
        }
    }

    /// The next instant at which the window opens or closes.
    private var nextEdge: Timestamp {
        let second = now.seconds % 86_400
        let edges: [Int64] = [2 * 3600, 5 * 3600, 26 * 3600]
        let next = edges.first { $0 > second } ?? 26 * 3600
        return now + .seconds(next - second)
    }

    /// Whether the window of the setting is open; counted apart from the planner's own way.
    var isWindowOpen: Bool { (2 * 3600..<5 * 3600).contains(now.seconds % 86_400) }

    private mutating func pods(_ event: HistoryEvent) {
        guard let live = cluster.deployment, live.spec["paused"] != true else { return }
        let carried = live.spec["template"]?["metadata"]?["labels"]?[Keys.release]?.string
        cluster.pods = []
        switch event {
        case .podsReady:
            cluster.finishRollout()
            if let carried { memory.ran.insert(carried) }
        case .podsFail(let fault):
            var failure = DeploymentCondition()
            (failure.type, failure.status, failure.reason) = ("Progressing", "False", "ProgressDeadlineExceeded")
            cluster.setStatus(updated: 1, available: 0, failure: failure)
            var pod = Pod()
            pod.metadata.name = "pod"
            pod.metadata.labels = [Keys.release: carried ?? ""]
            pod.status = Self.trouble(fault)
            cluster.pods = [pod]
        default: cluster.setStatus(updated: 1, available: 0)
        }
    }

    private static func trouble(_ fault: HistoryEvent.Fault) -> JSONValue {
        func waiting(_ reason: JSONValue) -> JSONValue {
            ["containerStatuses": [["name": "api", "state": ["waiting": ["reason": reason]]]]]
        }
        switch fault {
        case .release: return waiting("CrashLoopBackOff")
        case .template: return waiting("CreateContainerConfigError")
        case .surroundings: return waiting("ImagePullBackOff")
        }
    }

    private mutating func spec(_ event: HistoryEvent) {
        let old = cluster.app.spec
        switch event {
        case .edit(let number):
            edit = number
            cluster.app.spec.target.own?.template = setting.templates[number % setting.templates.count]
        case .windows(let isOn): cluster.app.spec.rollout.windows = isOn ? setting.windows : []
        case .pauseOnFailure(let isOn): cluster.app.spec.rollout.onFailure = isOn ? .pause : .rollback
        case .suspend(let isOn): cluster.app.spec.suspend = isOn
        default: break
        }
        if cluster.app.spec != old { cluster.app.metadata.generation += 1 }
    }

    private mutating func others(_ event: HistoryEvent) {
        switch event {
        case .tamper:
            cluster.edit { $0.spec["template"]?["spec"]?["containers"] = [["name": "api", "image": "somebody:1"]] }
        case .deleteDeployment: cluster.deployment = nil
        case .loseAnnotation: cluster.edit { $0.metadata.annotations[Keys.release] = nil }
        case .paused(let isOn): cluster.edit { $0.spec["paused"] = isOn ? true : nil }
        case .undo(let index):
            guard let stored = kept(index) else { return }
            cluster.edit { live in
                live.spec["template"] = stored.release.template
                live.metadata.annotations[Keys.release] = stored.release.id
            }
        default: break
        }
        // What is done after that is a repair, and no second try.
        if case .paused = event {} else { memory.isTampered = true }
    }

    private mutating func request(_ event: HistoryEvent) {
        let observation = cluster.observation
        switch event {
        case .rollback(let index):
            guard let stored = kept(index), let current = observation.current else { return }
            memory.requests += 1
            let text = "\(current.release.id) \(stored.release.id) \(memory.requests)"
            cluster.app.metadata.annotations[Keys.rollback] = text
        case .dropRollback: cluster.app.metadata.annotations[Keys.rollback] = nil
        case .resume:
            guard let held = observation.heldByHand else { return }
            memory.requests += 1
            cluster.app.metadata.annotations[Keys.resume] = "\(held.release.id).\(memory.requests)"
        case .releaseNow: cluster.app.metadata.annotations[Keys.releaseNow] = cluster.app.status.release?.target?.id
        case .unquarantine:
            guard let failed = observation.quarantined.first else { return }
            memory.requests += 1
            cluster.app.metadata.annotations[Keys.unquarantine] = "\(failed.release.id).\(memory.requests)"
        default: break
        }
    }

    /// One of the releases that are kept, the oldest first.
    private func kept(_ index: Int) -> StoredRelease? {
        let releases = cluster.releases.values.sorted { $0.number < $1.number }
        return releases.isEmpty ? nil : releases[index % releases.count]
    }
}
