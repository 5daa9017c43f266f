public import ReleasePlanning
import SeededRandom

/// Looks for a history in which something goes wrong.
public struct HistorySearch: Sendable {
    /// What was found.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The seed of the history.
        public let seed: UInt64
        /// The shortest part of it that still fails.
        public let events: [HistoryEvent]
        /// What went wrong.
        public let reason: String

        /// For people.
        public var description: String {
            let list = events.map { "  \($0)" }.joined(separator: "\n")
            return "seed \(seed): \(reason)\nshortest failing history:\n\(list)"
        }
    }

    /// What came of a search.
    public struct Result: Sendable {
        /// The histories that were run.
        public var histories = 0
        /// The events in them.
        public var events = 0
        /// The transitions that came about.
        public var transitions: Set<ReleaseTransition> = []
        /// The first history that failed, shortened.
        public var finding: Finding?
    }

    private let setting: HistorySetting
    private let planner: HistoryWorld.PlanFunction

    /// A search of mistakes in `planner`.
    public init(of planner: @escaping HistoryWorld.PlanFunction = HistoryWorld.planner) throws {
        setting = try HistorySetting()
        self.planner = planner
    }

    /// Runs one history from a fresh start; a text says what went wrong.
    public func run(_ events: [HistoryEvent]) -> (failure: String?, transitions: Set<ReleaseTransition>) {
        var world = HistoryWorld(setting, deciding: planner)
        do throws(Violation) {
            for event in events { try world.take(event) }
            return (nil, world.transitions)
        } catch {
            return (error.description, world.transitions)
        }
    }

    /// Runs random histories on as many threads as `workers`, until one fails. The seeds are `seed`, `seed + 1`, ...
    public func random(_ count: Int, seed: UInt64, workers: Int) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            for worker in 0..<workers {
                group.addTask { await share(of: worker, count, seed, workers) }
            }
            var all = Result()
            for await part in group {
                all.histories += part.histories
                all.events += part.events
                all.transitions.formUnion(part.transitions)
                if let finding = part.finding, finding.seed < all.finding?.seed ?? .max { all.finding = finding }
                // One is enough; the others stop at their next history.
                if all.finding != nil { group.cancelAll() }
            }
            return all
        }
    }

    private func share(of worker: Int, _ count: Int, _ seed: UInt64, _ workers: Int) async -> Result {
        var result = Result()
        for index in stride(from: worker, to: count, by: workers) where !Task.isCancelled {
            var generator = SplitMix64(seed: seed &+ UInt64(index))
            let events = HistoryEvent.history(&generator)
            let (failure, transitions) = run(events)
            result.histories += 1
            result.events += events.count
            result.transitions.formUnion(transitions)
            guard let failure else { continue }
            let found = await shortest(events, reason: failure) { run($0).failure }
            let own = seed &+ UInt64(index)
            result.finding = Finding(seed: own, events: found.operations, reason: found.reason)
            return result
        }
        return result
    }
}
