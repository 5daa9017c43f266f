import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// All histories of a small model: two codes, two models, one window.
///
/// Histories that end in the same state go on in the same way, so each state is followed once. Two states are the same if
/// they differ only in what no decision depends on: the values of times, numbers that count upwards, and marks that tell
/// annotations apart.
public struct ExhaustiveSearch: Sendable {
    /// What can happen, at every point.
    public static let alphabet: [HistoryEvent] = [
        .publish(.code), .publish(.model), .podsReady, .podsFail(.release), .edge(seconds: 0), .crash(steps: 1),
        .statusLost, .tamper, .rollback(0), .undo(0), .resume, .unquarantine,
    ]

    /// What came of a search.
    public struct Result: Sendable {
        /// How many events, one after the other, were followed.
        public var depth = 0
        /// The histories of that length.
        public var histories = 0
        /// The states that were told apart.
        public var states = 0
        /// The events that were carried out.
        public var events = 0
        /// The history that failed, and why; the shortest, because all shorter ones were run before.
        public var failure: (events: [HistoryEvent], reason: String)?
    }

    private let start: HistoryWorld

    /// A search of mistakes in `planner`.
    public init(of planner: @escaping HistoryWorld.PlanFunction = HistoryWorld.planner) throws {
        var world = HistoryWorld(try HistorySetting(), deciding: planner)
        world.happen(.windows(true))
        start = world
    }

    /// Follows every history of up to `depth` events.
    public func run(depth: Int) -> Result {
        var result = Result()
        var known: Set<StateKey> = []
        var level: [(world: HistoryWorld, path: [HistoryEvent], count: Int)] = [(start, [], 1)]
        for round in 0..<depth {
            var next: [StateKey: (world: HistoryWorld, path: [HistoryEvent], count: Int)] = [:]
            for (world, path, count) in level {
                for event in Self.alphabet where isPossible(event, world) {
                    var world = world
                    result.events += 1
                    do throws(Violation) {
                        try world.take(event)
                    } catch {
                        result.failure = (path + [event], error.description)
                        return result
                    }
                    let key = StateKey(world)
                    if let same = next[key] {
                        next[key]?.count = same.count + count
                    } else {
                        next[key] = (world, path + [event], count)
                    }
                }
            }
            known.formUnion(next.keys)
            level = Array(next.values)
            (result.depth, result.histories) = (round + 1, level.map(\.count).reduce(0, +))
        }
        result.states = known.count
        return result
    }

    private func isPossible(_ event: HistoryEvent, _ world: HistoryWorld) -> Bool {
        switch event {
        case .publish(.code): world.newest.code < 2
        case .publish(.model): world.newest.model < 2
        default: true
        }
    }
}

/// What decisions and checks depend on.
private struct StateKey: Hashable {
    private let parts: [String]
    private let releases: [ReleaseKey]

    private struct ReleaseKey: Hashable {
        var id: String
        var isConverged: Bool
        var failure: String
        var hold: String
        var cause: String
        var isForgiven: Bool
        var starts: Int
    }

    init(_ world: HistoryWorld) {
        let (cluster, annotations) = (world.cluster, world.cluster.app.metadata.annotations)
        let sorted = cluster.releases.values.sorted { $0.number < $1.number }
        releases = sorted.map { stored in
            ReleaseKey(
                id: stored.release.id,
                isConverged: stored.convergedAt != nil,
                failure: stored.failure.map { "\($0.blame) \($0.reason)" } ?? "",
                hold: stored.hold.map {
                    "\($0.way) \($0.from) \($0.number == stored.number) \($0.request == annotations[Keys.rollback]) "
                        + "\($0.spent == annotations[Keys.resume])"
                } ?? "",
                cause: stored.cause,
                isForgiven: stored.forgiven == annotations[Keys.unquarantine],
                starts: world.memory.starts["\(stored.release.id) \(stored.number)"] ?? 0
            )
        }
        let live = cluster.deployment
        let template = live?.spec["template"]
        let status = cluster.app.status
        var parts = ["\(world.newest) \(world.isWindowOpen) \(world.memory.written ?? "") \(world.memory.isTampered)"]
        parts.append(world.memory.ran.sorted().joined(separator: " "))
        for key in [Keys.rollback, Keys.resume, Keys.unquarantine] {
            // Without the mark behind the ids.
            let words = annotations[key]?.split(whereSeparator: { " .".contains($0) }).prefix(2) ?? []
            parts.append(words.filter { $0.count == 12 }.joined(separator: " "))
        }
        parts.append(live?.metadata.annotations[Keys.release] ?? "")
        parts.append(live?.metadata.labels[Keys.release] ?? "")
        parts.append(template?.canonicalText ?? "")
        let seen = live.map { $0.status.observedGeneration == $0.metadata.generation } ?? false
        parts.append("\(live?.status.updatedReplicas ?? -1) \(live?.status.conditions.count ?? 0) \(seen)")
        parts.append(cluster.pods.map { $0.metadata.labels[Keys.release] ?? "" }.joined(separator: " "))
        parts += status.conditions.map { "\($0.type) \($0.status) \($0.reason)" }
        parts.append("\(status.release?.current?.id ?? "") \(status.release?.target?.id ?? "")")
        self.parts = parts
    }
}
