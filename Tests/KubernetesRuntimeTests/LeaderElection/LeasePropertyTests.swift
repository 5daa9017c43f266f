import Artifacts
import KubernetesAPI
import KubernetesClient
import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Lease: properties", .timeLimit(.minutes(1)))
struct LeasePropertyTests {
    enum Operation: Sendable {
        case pass(milliseconds: Int)
        case begin(Int)
        case serve(Int)
        case deliver(Int)
        case giveUp(Int)
        case serveStray
        case release(Int)
    }

    private static func history(_ generator: inout SplitMix64) -> [Operation] {
        (0..<250).map { _ in
            let elector = Int.random(in: 0..<3, using: &generator)
            return switch Int.random(in: 0..<20, using: &generator) {
            case 0..<5: .pass(milliseconds: Int.random(in: 10..<4000, using: &generator))
            case 5..<9: .begin(elector)
            case 9..<13: .serve(elector)
            case 13..<17: .deliver(elector)
            case 17: .giveUp(elector)
            case 18: .serveStray
            default: .release(elector)
            }
        }
    }

    @Test("L9 with clocks that drift and answers that are lost there are never two leaders") func oneLeader() async {
        let everLed = Shared(0)
        await checkProperty(cases: 1500, generate: Self.history) { operations in
            var world = World()
            let problem = world.run(operations)
            if world.changes > 1 { everLed.withValue { $0 += 1 } }
            return problem
        }
        // The property would hold for electors that never lead.
        #expect(everLed.value > 200)
    }

    @Test("L5 while the server answers somebody leads, and after the leader vanished another within the lease")
    func somebodyLeads() {
        var world = World()
        for _ in 0..<10 { world.roundTrip(0) }
        #expect(world.leaders == [0])
        // 0 vanishes; 1 looks every two seconds.
        var waited = 0
        while world.leaders != [1], waited < 30_000 {
            world.roundTrip(1)
            _ = world.run([.pass(milliseconds: 2000)])
            waited += 2000
        }
        #expect(world.leaders == [1])
        #expect(waited <= 22_000)
    }

    /// A server with one lease, and electors whose clocks start anywhere and run up to 15 % fast or slow.
    private struct World {
        struct Elector {
            var machine: LeaseStateMachine
            let rate: Double
            let origin: ContinuousClock.Instant
            var request: LeaseStateMachine.Command?
            var sentAt: ContinuousClock.Instant?
            var answer: Result<Lease?, KubernetesError>?
            /// Leads until then by its own clock.
            var leadsUntil: ContinuousClock.Instant?
        }

        var elapsed = 0.0
        var electors: [Elector]
        var stored: Lease?
        var version = 0
        var strays: [LeaseStateMachine.Command] = []
        var changes = 0
        private var lastLeader: Int?

        init() {
            let base = ContinuousClock().now
            electors = [(1.0, 0), (1.15, 5000), (0.85, 90_000)].enumerated().map { index, clock in
                let origin = base + .seconds(clock.1)
                let machine = LeaseStateMachine(
                    key: ObjectKey(namespace: "n", name: "l"),
                    identity: "e\(index)",
                    timing: LeaseTiming(),
                    now: origin
                )
                return Elector(machine: machine, rate: clock.0, origin: origin)
            }
        }

        func now(_ index: Int) -> ContinuousClock.Instant {
            electors[index].origin + .milliseconds(elapsed * electors[index].rate)
        }

        /// Wall clocks disagree, too.
        func date(_ index: Int) -> Timestamp {
            Timestamp(seconds: 1_800_000_000 + Int64(index) * 7200) + .milliseconds(elapsed)
        }

        var leaders: [Int] {
            electors.indices.filter { index in electors[index].leadsUntil.map { now(index) < $0 } ?? false }
        }

        mutating func run(_ operations: [Operation]) -> String? {
            for operation in operations {
                perform(operation)
                let leaders = leaders
                if leaders.count > 1 { return "\(leaders) lead at \(elapsed) ms after \(operation)" }
                if let leader = leaders.first, leader != lastLeader {
                    lastLeader = leader
                    changes += 1
                }
            }
            return nil
        }

        mutating func roundTrip(_ index: Int) {
            _ = run([.begin(index)])
            for _ in 0..<4 where electors[index].request != nil { _ = run([.serve(index), .deliver(index)]) }
            _ = run([.pass(milliseconds: 500)])
        }

        mutating func perform(_ operation: Operation) {
            switch operation {
            case .pass(let milliseconds): elapsed += Double(milliseconds)
            case .begin(let index):
                guard electors[index].request == nil else { return }
                advance(index, .attempt)
            case .serve(let index):
                guard let request = electors[index].request, electors[index].answer == nil else { return }
                electors[index].answer = serve(request)
            case .deliver(let index):
                guard let answer = electors[index].answer, let sentAt = electors[index].sentAt else { return }
                switch (answer, electors[index].request) {
                case (.failure(let error), _): advance(index, .failed(error))
                case (.success(let lease), .get): advance(index, .found(lease))
                case (.success(let lease?), _): advance(index, .written(lease, sentAt: sentAt))
                case (.success(nil), _): break
                }
            case .giveUp(let index):
                guard let request = electors[index].request else { return }
                // It may yet reach the server.
                if electors[index].answer == nil { strays.append(request) }
                advance(index, .failed(KubernetesError(.timeout, "no answer")))
            case .serveStray:
                guard !strays.isEmpty else { return }
                _ = serve(strays.removeFirst())
            case .release(let index):
                guard electors[index].leadsUntil != nil, electors[index].request == nil else { return }
                electors[index].leadsUntil = nil
                let identity = electors[index].machine.identity
                if let free = stored.flatMap({ LeaseStateMachine.released($0, identity: identity, date: date(index)) })
                {
                    _ = serve(.update(free))
                }
            }
        }

        private mutating func advance(_ index: Int, _ input: LeaseStateMachine.Input) {
            let command = electors[index].machine.handle(input, now(index), date: date(index))
            electors[index].answer = nil
            guard case .finished(let verdict) = command else {
                electors[index].request = command
                electors[index].sentAt = now(index)
                return
            }
            electors[index].request = nil
            switch verdict {
            case .leading:
                electors[index].leadsUntil = electors[index].machine.observedAt + LeaseTiming().renewDeadline
            case .held: electors[index].leadsUntil = nil
            case .failed: break
            }
        }

        private mutating func serve(_ request: LeaseStateMachine.Command) -> Result<Lease?, KubernetesError> {
            switch request {
            case .get: return .success(stored)
            case .create(let lease): return stored == nil ? store(lease) : .failure(refusal(409, "AlreadyExists"))
            case .update(let lease):
                guard stored?.metadata.resourceVersion == lease.metadata.resourceVersion else {
                    return .failure(refusal(409, "Conflict"))
                }
                return store(lease)
            case .finished: return .success(nil)
            }
        }

        private mutating func store(_ lease: Lease) -> Result<Lease?, KubernetesError> {
            version += 1
            var lease = lease
            lease.metadata.resourceVersion = "\(version)"
            stored = lease
            return .success(lease)
        }
    }
}
