import Synchronization
import Testing

/// "Crash anywhere": the story again and again, each time with another write struck. Every one has to end where the
/// undisturbed one does.
struct StrikeSeries: Sendable {
    let plane: ControlPlane
    let upstreams: Upstreams
    /// Begins the names of the namespaces; each story has one of its own.
    let prefix: String
    /// How many stories are told side by side; each is an operator of its own.
    var width = 6
    /// Which writes are struck, first to last; nil: every one, until a story is over before it comes to the next.
    let strikes: Int?
    /// How many writes the story has at least: fewer would mean that the relay does not see them.
    let least: Int

    /// Tells all stories, and records an issue for each that ends elsewhere.
    func tell() async throws {
        let start = ContinuousClock.now
        let undisturbed = try await Story(plane, upstreams, prefix + "-0").tell()
        try #require(undisturbed.writes >= least, "the story has only \(undisturbed.writes) writes")
        let plan = StrikePlan(limit: strikes)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<width {
                group.addTask {
                    while let strike = plan.next() {
                        let wasStruck = await tell(strike, undisturbed)
                        if !wasStruck { plan.missed(strike) }
                    }
                }
            }
        }
        let struck = plan.struck
        for kind in Relay.Strike.Kind.allCases {
            #expect(struck[kind, default: 0] >= least, "\(kind): only \(struck[kind, default: 0]) writes were struck")
        }
        print(
            "the undisturbed story has \(undisturbed.writes) writes; struck:",
            Relay.Strike.Kind.allCases.map { "\($0) 1...\(struck[$0, default: 0])" }.joined(separator: ", "),
            "in \(ContinuousClock.now - start)"
        )
    }

    /// Whether the story came as far as the strike.
    private func tell(_ strike: Relay.Strike, _ undisturbed: Story.Outcome) async -> Bool {
        let namespace = "\(prefix)-\(strike.write)-\(strike.kind)".lowercased()
        do {
            let outcome = try await Story(plane, upstreams, namespace).tell(strike: strike)
            let difference = undisturbed.endState.symmetricDifference(outcome.endState)
            #expect(difference.isEmpty, "\(strike.kind) at write \(strike.write), \(outcome.struck ?? "never made")")
            return outcome.struck != nil
        } catch {
            Issue.record("\(strike.kind) at write \(strike.write): \(error)")
            return true
        }
    }
}

/// Which strikes are still to come.
final class StrikePlan: Sendable {
    private struct State {
        var upcoming = Relay.Strike.Kind.allCases.map { Relay.Strike(write: 1, kind: $0) }
        /// The last write that was given out.
        var given: [Relay.Strike.Kind: Int] = [:]
        /// The first write that no story came to.
        var missed: [Relay.Strike.Kind: Int] = [:]
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the last write that is struck; nil: until one is missed. No story has a hundred writes, whatever
    ///   goes wrong.
    init(limit: Int?) { self.limit = limit ?? 100 }

    /// Up to which write of each kind all were struck.
    var struck: [Relay.Strike.Kind: Int] {
        state.withLock { state in
            state.given.reduce(into: [:]) { $0[$1.key] = min($1.value, (state.missed[$1.key] ?? .max) - 1) }
        }
    }

    /// The next strike; nil once there is none.
    func next() -> Relay.Strike? {
        state.withLock { state in
            while !state.upcoming.isEmpty {
                let strike = state.upcoming.removeFirst()
                guard strike.write <= limit, state.missed[strike.kind] == nil else { continue }
                state.given[strike.kind] = strike.write
                state.upcoming.append(Relay.Strike(write: strike.write + 1, kind: strike.kind))
                return strike
            }
            return nil
        }
    }

    /// Notes that a story was over before it came to the strike.
    func missed(_ strike: Relay.Strike) {
        state.withLock { $0.missed[strike.kind] = min($0.missed[strike.kind] ?? .max, strike.write) }
    }
}
