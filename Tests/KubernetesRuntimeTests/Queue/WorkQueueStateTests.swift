import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Work queue: rules", .timeLimit(.minutes(1)))
struct WorkQueueStateTests {
    private let now = ContinuousClock().now
    private typealias State = WorkQueueState<String, Int>

    private func take(_ state: inout State, _ id: Int = 0, at instant: ContinuousClock.Instant? = nil) -> String? {
        let actions = state.next(UInt64(id), id, isCancelled: false, instant ?? now)
        return actions.deliveries.first { $0.waiter == id }.flatMap(\.key)
    }

    @Test("Q1 keys come out first in, first out") func keysComeOutInOrder() {
        var state = State()
        for key in ["b", "a", "c"] { _ = state.add(key, now) }
        #expect([take(&state), take(&state), take(&state)] == ["b", "a", "c"])
    }

    @Test("Q2 a key that is due already is not added again") func addOfDueKeyDoesNothing() {
        var state = State()
        #expect(state.add("a", now).added == 1)
        let second = state.add("a", now)
        #expect(second.added == 0)
        #expect(second.depth == 1)
    }

    @Test("Q2 an add wakes exactly one waiter, the one that waited longest") func addWakesOneWaiter() {
        var state = State()
        #expect(take(&state, 1) == nil)
        #expect(take(&state, 2) == nil)
        let actions = state.add("a", now)
        #expect(actions.deliveries.map(\.waiter) == [1])
        #expect(actions.deliveries.map(\.key) == ["a"])
    }

    @Test("Q3 a key that is taken is processing and no longer dirty") func takenKeyIsClean() {
        var state = State()
        _ = state.add("a", now)
        #expect(take(&state) == "a")
        #expect(state.dirty.isEmpty)
        #expect(state.processing.keys.elementsEqual(["a"]))
    }

    @Test("Q4 a key added while it runs runs exactly once more") func addsDuringRunCollapse() {
        var state = State()
        _ = state.add("a", now)
        #expect(take(&state) == "a")
        for _ in 0..<5 { _ = state.add("a", now) }
        #expect(state.depth == 0)
        #expect(state.done("a", now).depth == 1)
        #expect(take(&state) == "a")
        #expect(state.done("a", now).depth == 0)
    }

    @Test("Q4 done of a key that does not run does nothing") func doneOfForeignKey() {
        var state = State()
        _ = state.add("a", now)
        #expect(state.done("a", now).worked == nil)
        #expect(state.depth == 1)
    }

    @Test("Q5 after shut down adds are ignored, queued keys are delivered, then nil")
    func shutDownDeliversWhatIsQueued() {
        var state = State()
        _ = state.add("a", now)
        _ = state.shutDown(now)
        #expect(state.add("b", now).added == 0)
        #expect(take(&state, 1) == "a")
        let end = state.next(2, 2, isCancelled: false, now)
        #expect(end.deliveries.map(\.waiter) == [2])
        #expect(end.deliveries[0].key == nil)
    }

    @Test("Q5 shut down wakes all waiters") func shutDownWakesWaiters() {
        var state = State()
        #expect(take(&state, 1) == nil)
        #expect(take(&state, 2) == nil)
        #expect(state.shutDown(now).deliveries.map(\.waiter) == [1, 2])
    }

    @Test("Q5 a key that became dirty before shut down runs once more after it") func dirtyKeySurvivesShutDown() {
        var state = State()
        _ = state.add("a", now)
        #expect(take(&state) == "a")
        _ = state.add("a", now)
        _ = state.shutDown(now)
        _ = state.done("a", now)
        #expect(take(&state, 1) == "a")
    }

    @Test("Q5 drain waits until nothing runs") func drainWaitsForRuns() {
        var state = State()
        _ = state.add("a", now)
        #expect(take(&state) == "a")
        _ = state.shutDown(now)
        #expect(state.waitUntilDrained(9, 9, isCancelled: false, now).drained.isEmpty)
        #expect(state.done("a", now).drained == [9])
    }

    @Test("Q7 a delay of zero or less is due at once") func nonPositiveDelayIsImmediate() {
        var state = State()
        #expect(state.add("a", at: now, now).depth == 1)
        #expect(state.add("b", at: now - .seconds(1), now).depth == 2)
    }

    @Test("Q7 of two delays the earlier counts") func earlierDelayCounts() {
        for order in [[5, 2], [2, 5]] {
            var state = State()
            for seconds in order { _ = state.add("a", at: now + .seconds(seconds), now) }
            #expect(state.delayed.count == 1)
            #expect(state.delayed.nextDue == now + .seconds(2))
            #expect(state.takeDue(now + .seconds(2)).depth == 1)
            #expect(take(&state) == "a")
            _ = state.done("a", now)
            #expect(state.takeDue(now + .seconds(6)).depth == 0)
        }
    }

    @Test("Q7 a waiting key is not dirty, and an earlier time wakes the sleeper") func waitingKeyIsNotDirty() {
        var state = State()
        #expect(state.add("a", at: now + .seconds(5), now).wakesSleeper)
        #expect(state.dirty.isEmpty)
        #expect(!state.add("b", at: now + .seconds(9), now).wakesSleeper)
        #expect(state.add("c", at: now + .seconds(1), now).wakesSleeper)
    }

    @Test("Q8 an immediate add leaves the waiting entry") func immediateAddKeepsDelay() {
        var state = State()
        _ = state.add("a", at: now + .seconds(5), now)
        _ = state.add("a", now)
        #expect(take(&state) == "a")
        _ = state.done("a", now)
        #expect(state.takeDue(now + .seconds(5)).added == 1)
    }

    @Test("a cancelled waiter gets nil and no key") func cancelledWaiterGetsNil() {
        var state = State()
        #expect(take(&state, 1) == nil)
        #expect(state.cancel(1).deliveries.map(\.waiter) == [1])
        #expect(state.add("a", now).deliveries.isEmpty)
        #expect(take(&state, 2) == "a")
    }

    @Test("Q13 waits and runs are measured from add to delivery to done") func durationsAreMeasured() {
        var state = State()
        _ = state.add("a", now)
        #expect(state.next(1, 1, isCancelled: false, now + .seconds(3)).waits == [.seconds(3)])
        #expect(state.done("a", now + .seconds(10)).worked == .seconds(7))
    }
}

@Suite("Work queue: properties", .timeLimit(.minutes(1)))
struct WorkQueuePropertyTests {
    enum Operation: Sendable, CustomStringConvertible {
        case add(Int), delay(Int, seconds: Int), take, finish(Int), pass(seconds: Int), cancel(Int), shutDown
        var description: String {
            switch self {
            case .add(let key): "add \(key)"
            case .delay(let key, let seconds): "add \(key) after \(seconds) s"
            case .take: "take"
            case .finish(let index): "finish \(index)"
            case .pass(let seconds): "pass \(seconds) s"
            case .cancel(let index): "cancel \(index)"
            case .shutDown: "shut down"
            }
        }
    }

    private func history(_ generator: inout SplitMix64) -> [Operation] {
        (0..<120).map { _ in
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<6: .add(.random(in: 0..<4, using: &generator))
            case 6..<9: .delay(.random(in: 0..<4, using: &generator), seconds: .random(in: -1..<6, using: &generator))
            case 9..<13: .take
            case 13..<17: .finish(.random(in: 0..<4, using: &generator))
            case 17: .pass(seconds: .random(in: 1..<4, using: &generator))
            case 18: .cancel(.random(in: 0..<4, using: &generator))
            default: Int.random(in: 0..<10, using: &generator) == 0 ? .shutDown : .take
            }
        }
    }

    @Test("no key runs twice at once, every add is followed by a run, none is lost at shut down")
    func queueKeepsItsPromises() async {
        await checkProperty(cases: 400, generate: history) { operations in
            var model = Model()
            return model.run(operations)
        }
    }

    /// An independent account of what must happen: for each key whether a run is owed.
    private struct Model {
        var state = WorkQueueState<Int, Int>()
        var now = ContinuousClock().now
        var owed: Set<Int> = []
        var dues: [Int: ContinuousClock.Instant] = [:]
        var running: [Int] = []
        var waiting: [Int] = []
        var nextWaiter = 0
        var isShutDown = false
        var problem: String?

        mutating func settle(_ actions: WorkQueueState<Int, Int>.Actions) {
            for (waiter, key) in actions.deliveries {
                guard let position = waiting.firstIndex(of: waiter) else {
                    problem = "waiter \(waiter) was answered twice"
                    continue
                }
                waiting.remove(at: position)
                guard let key else { continue }
                if running.contains(key) { problem = "key \(key) runs twice at once" }
                if owed.remove(key) == nil { problem = "key \(key) runs for nothing" }
                running.append(key)
            }
            if !waiting.isEmpty, owed.contains(where: { !running.contains($0) }) {
                problem = "a worker idles over due keys"
            }
        }

        mutating func run(_ operations: [Operation]) -> String? {
            for operation in operations {
                perform(operation)
                if let problem { return "\(problem) after \(operation)" }
            }
            // Quiescence: with workers that never stop, all that is owed runs.
            for _ in 0..<1000 where problem == nil && !(owed.isEmpty && running.isEmpty && dues.isEmpty) {
                if !running.isEmpty {
                    perform(.finish(0))
                } else {
                    perform(.pass(seconds: 1))
                    perform(.take)
                }
            }
            guard problem == nil else { return problem }
            return owed.isEmpty ? nil : "keys \(owed) were lost"
        }

        mutating func perform(_ operation: Operation) {
            switch operation {
            case .add(let key):
                if !isShutDown { owed.insert(key) }
                settle(state.add(key, now))
            case .delay(let key, let seconds):
                let due = now + .seconds(seconds)
                if !isShutDown {
                    if seconds <= 0 { owed.insert(key) } else { dues[key] = min(dues[key] ?? due, due) }
                }
                settle(state.add(key, at: due, now))
            case .take:
                nextWaiter += 1
                waiting.append(nextWaiter)
                settle(state.next(UInt64(nextWaiter), nextWaiter, isCancelled: false, now))
            case .finish(let index):
                guard running.indices.contains(index) else { return }
                let key = running.remove(at: index)
                settle(state.done(key, now))
            case .pass(let seconds):
                now += .seconds(seconds)
                for (key, due) in dues where due <= now {
                    dues[key] = nil
                    owed.insert(key)
                }
                settle(state.takeDue(now))
            case .cancel(let index):
                guard waiting.indices.contains(index) else { return }
                settle(state.cancel(UInt64(waiting[index])))
            case .shutDown:
                isShutDown = true
                dues = [:]
                settle(state.shutDown(now))
            }
        }
    }
}
