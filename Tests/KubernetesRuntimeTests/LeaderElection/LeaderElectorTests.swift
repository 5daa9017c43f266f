import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport

@testable import KubernetesRuntime

/// Stores one lease, and events.
private final class LeaseServer: Sendable {
    struct State {
        var lease: Lease?
        var version = 0
        var events: [Event] = []
        var isBroken = false
        var isSilent = false
        var conflicts = 0
        var log: [String] = []
    }

    let state = Shared(State())
    var lease: LeaseSpec? { state.value.lease?.spec }

    func hold(by holder: String) {
        state.withValue { state in
            var lease = Lease()
            lease.metadata = ObjectMeta(ObjectKey(namespace: "n", name: "l"))
            lease.spec.holderIdentity = holder
            lease.spec.leaseDurationSeconds = 15
            state.version += 1
            lease.metadata.resourceVersion = "\(state.version)"
            state.lease = lease
        }
    }

    var transport: FakeTransport {
        FakeTransport { request, body in
            if self.state.value.isSilent {
                await WakeSignal().wait()
                throw CancellationError()
            }
            return self.answer(request, body)
        }
    }

    private func answer(_ request: HTTPRequest, _ body: [UInt8]) -> FakeTransport.Answer {
        state.withValue { state in
            state.log.append("\(request.method) \(request.pathOnly)")
            if state.isBroken { return .failure(500, "InternalError") }
            if request.pathOnly.hasSuffix("/events") {
                guard let event = try? Event(parsing: body) else { return .failure(400, "BadRequest") }
                state.events.append(event)
                return .json(201, event.document)
            }
            guard request.method != .get else {
                return state.lease.map { .json(200, $0.document) } ?? .failure(404, "NotFound")
            }
            guard var lease = try? Lease(parsing: body) else { return .failure(400, "BadRequest") }
            if state.conflicts > 0 {
                state.conflicts -= 1
                return .failure(409, "Conflict")
            }
            if request.method == .put, lease.metadata.resourceVersion != state.lease?.metadata.resourceVersion {
                return .failure(409, "Conflict")
            }
            state.version += 1
            lease.metadata.resourceVersion = "\(state.version)"
            state.lease = lease
            return .json(200, lease.document)
        }
    }
}

@Suite("Leader election", .timeLimit(.minutes(1)))
struct LeaderElectorTests {
    private let clock = TestClock()
    private let server = LeaseServer()
    private let metrics = TestMetrics()

    private func makeElector(
        _ identity: String = "me",
        unit: Double = 0,
        recorder: EventRecorder? = nil
    ) throws -> LeaderElector {
        try LeaderElector(
            lease: ObjectKey(namespace: "n", name: "l"),
            identity: identity,
            client: makeClient(server.transport, clock),
            fieldManager: FieldManager("test"),
            time: clock.timeSource(),
            random: { unit },
            recorder: recorder,
            metrics: metrics,
            logger: quiet
        )
    }

    /// Runs `body` beside an elector whose work lasts until `gate` opens or it is cancelled.
    private func withElector(
        _ elector: LeaderElector,
        gate: WakeSignal = WakeSignal(),
        _ body: @Sendable (_ log: Shared<[String]>, _ end: () -> Void) async throws -> Void
    ) async throws -> (log: [String], error: LeaderElectionError?) {
        let log = Shared<[String]>([])
        let error = try await withThrowingTaskGroup(of: LeaderElectionError?.self) { group in
            group.addTask {
                do throws(LeaderElectionError) {
                    try await elector.withLeadership {
                        log.withValue { $0.append("started") }
                        await gate.wait()
                        log.withValue { $0.append(Task.isCancelled ? "cancelled" : "ended") }
                    }
                    return nil
                } catch {
                    return error
                }
            }
            try await body(log, { group.cancelAll() })
            return try await group.next() ?? nil
        }
        return (log.value, error)
    }

    @Test("L1 an empty identity and a timing that cannot work are refused") func configuration() {
        let error = #expect(throws: LeaderElectionError.self) { try makeElector("") }
        #expect(error?.code == .invalidConfiguration)
        #expect(throws: LeaderElectionError.self) {
            try LeaderElector(
                lease: ObjectKey(name: "l"),
                identity: "me",
                timing: LeaseTiming(renewDeadline: .seconds(15)),
                client: makeClient(server.transport, clock),
                fieldManager: FieldManager("t"),
                time: clock.timeSource(),
                random: { 0 },
                metrics: metrics,
                logger: quiet
            )
        }
    }

    @Test(
        "L2 who does not lead looks again after the retry period, stretched at random by up to 1.2",
        arguments: [0.0, 0.5, 1]
    )
    func candidatesWait(_ unit: Double) async throws {
        server.hold(by: "other")
        let elector = try makeElector(unit: unit)
        _ = try await withElector(elector) { _, end in
            // The request itself sleeps, too, until its answer is there: that is its time limit, and not the wait.
            let wait = 2 * (1 + 1.2 * unit)
            let isWaiting = await eventually {
                let left = clock.nextDeadline.map { ($0 - clock.now) / .seconds(1) } ?? 0
                return clock.sleeperCount == 1 && server.state.value.log.count == 1 && abs(left - wait) < 0.001
            }
            #expect(isWaiting)
            end()
        }
    }

    @Test("L5, L7 work runs while the lease is renewed; it is given up only after the work has ended") func leading()
        async throws
    {
        let elector = try makeElector()
        let gate = WakeSignal()
        let (log, error) = try await withElector(elector, gate: gate) { log, _ in
            #expect(await eventually { log.value == ["started"] })
            #expect(elector.isLeading)
            #expect(metrics["leader_election_master_status,name=l"]?.sum == 1)
            for _ in 0..<30 {
                // A renewal that is over: what sleeps now is the guard and the wait for the next one.
                #expect(await eventually { elector.lastRenewal == clock.now && clock.sleeperCount == 2 })
                let version = server.state.value.version
                clock.advance(by: .seconds(2))
                #expect(await eventually { server.state.value.version > version })
            }
            #expect(server.lease?.holderIdentity == "me")
            #expect(elector.problem() == nil)
            gate.signal()
        }
        #expect(log == ["started", "ended"])
        #expect(error == nil)
        #expect(server.lease?.holderIdentity == "")
        #expect(server.lease?.leaseDurationSeconds == 1)
        #expect(!elector.isLeading)
        #expect(metrics["leader_election_master_status,name=l"]?.sum == 0)
        // The fast path: after the first read, renewals only write.
        #expect(server.state.value.log.count(where: { $0.hasPrefix("GET") }) == 2)
    }

    @Test("L5 a lease that is not renewed within the deadline cancels the work; it is lost when the work has ended")
    func lostByDeadline() async throws {
        let elector = try makeElector()
        let (log, error) = try await withElector(elector) { log, _ in
            #expect(await eventually { log.value == ["started"] && clock.sleeperCount == 2 })
            server.state.withValue { $0.isBroken = true }
            clock.advance(by: .milliseconds(9999))
            for _ in 0..<500 { await Task.yield() }
            #expect(log.value == ["started"])
            clock.advance(by: .milliseconds(1))
        }
        #expect(log == ["started", "cancelled"])
        #expect(error?.code == .lost)
        #expect(!elector.isLeading)
    }

    @Test("L5 a server that does not answer at all does not prolong the leadership") func lostBySilence() async throws {
        let elector = try makeElector()
        let (log, error) = try await withElector(elector) { log, _ in
            #expect(await eventually { log.value == ["started"] && clock.sleeperCount == 2 })
            server.state.withValue { $0.isSilent = true }
            for _ in 0..<5 {
                clock.advance(by: .seconds(2))
                for _ in 0..<200 { await Task.yield() }
            }
        }
        #expect(log == ["started", "cancelled"])
        #expect(error?.code == .lost)
        #expect(clock.elapsed == .seconds(10))
    }

    @Test("L5 who sees another holder stops at once") func lostToAnother() async throws {
        let elector = try makeElector()
        let (log, error) = try await withElector(elector) { log, _ in
            #expect(await eventually { log.value == ["started"] && clock.sleeperCount == 2 })
            server.hold(by: "other")
            clock.advance(by: .seconds(2))
        }
        #expect(log == ["started", "cancelled"])
        #expect(error?.code == .lost)
        #expect(error?.message.contains("other") == true)
        #expect(server.lease?.holderIdentity == "other")
    }

    @Test("L5 failures that end before the deadline are survived") func survivesFailures() async throws {
        let elector = try makeElector()
        let gate = WakeSignal()
        let (log, error) = try await withElector(elector, gate: gate) { log, _ in
            #expect(await eventually { log.value == ["started"] && clock.sleeperCount == 2 })
            server.state.withValue { $0.isBroken = true }
            for _ in 0..<3 {
                let count = server.state.value.log.count
                clock.advance(by: .seconds(2))
                #expect(
                    await eventually {
                        server.state.value.log.count > count && clock.nextDeadline == clock.now + .seconds(2)
                    }
                )
            }
            server.state.withValue { $0.isBroken = false }
            let version = server.state.value.version
            clock.advance(by: .seconds(2))
            #expect(await eventually { server.state.value.version > version && clock.sleeperCount == 2 })
            clock.advance(by: .milliseconds(1900))
            for _ in 0..<200 { await Task.yield() }
            gate.signal()
        }
        #expect(log == ["started", "ended"])
        #expect(error == nil)
    }

    @Test("L6 a lease that was given up is taken at the next look") func takesFreeLease() async throws {
        server.hold(by: "")
        let gate = WakeSignal()
        gate.signal()
        let (log, _) = try await withElector(makeElector(), gate: gate) { _, _ in }
        #expect(log == ["started", "ended"])
    }

    @Test("L7 a conflict while giving up is tried again") func releaseConflict() async throws {
        let gate = WakeSignal()
        _ = try await withElector(makeElector(), gate: gate) { log, _ in
            #expect(await eventually { log.value == ["started"] })
            server.state.withValue { $0.conflicts = 3 }
            gate.signal()
        }
        #expect(server.lease?.holderIdentity == "")
    }

    @Test("L10 a process that believes to lead long after its last renewal is unhealthy") func health() async throws {
        let elector = try makeElector()
        let isStuck = StubbornGate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Work that does not end when it is cancelled.
                try? await elector.withLeadership { await isStuck.wait() }
            }
            #expect(await eventually { elector.isLeading && clock.sleeperCount == 2 })
            server.state.withValue { $0.isBroken = true }
            clock.advance(by: .seconds(35))
            #expect(elector.problem(tolerance: .seconds(20)) == nil)
            clock.advance(by: .seconds(1))
            #expect(elector.problem(tolerance: .seconds(20))?.contains("n/l") == true)
            isStuck.open()
        }
        #expect(elector.problem() == nil)
    }

    @Test("L11 gaining and losing leadership are events on the lease") func events() async throws {
        let recorder = EventRecorder(
            controller: "example.dev/operator",
            instance: "me",
            client: makeClient(server.transport, clock),
            fieldManager: FieldManager("test"),
            time: clock.timeSource(),
            random: { 0 },
            metrics: metrics,
            logger: quiet
        )
        let gate = WakeSignal()
        gate.signal()
        _ = try await withElector(makeElector(recorder: recorder), gate: gate) { _, _ in }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await recorder.run() }
            #expect(await eventually { server.state.value.events.count == 2 })
            group.cancelAll()
        }
        let events = server.state.value.events
        #expect(events.map(\.note) == ["me became leader", "me stopped leading"])
        #expect(events.allSatisfy { $0.regarding.kind == "Lease" && $0.metadata.namespace == "n" })
    }

    @Test("a cancelled candidate throws, a cancelled leader ends its work first") func cancellation() async throws {
        server.hold(by: "other")
        let waiting = try await withElector(makeElector()) { _, end in
            #expect(await eventually { server.state.value.log.count == 1 })
            end()
        }
        #expect(waiting.error?.code == .cancelled)
        #expect(waiting.log.isEmpty)
        server.hold(by: "")
        let leading = try await withElector(makeElector()) { log, end in
            #expect(await eventually { log.value == ["started"] })
            end()
        }
        #expect(leading.error?.code == .cancelled)
        #expect(leading.log == ["started", "cancelled"])
    }

    @Test("a graceful shutdown ends the waiting without an error, and the work without loss") func gracefulShutdown()
        async throws
    {
        for holder in ["other", ""] {
            server.hold(by: holder)
            let elector = try makeElector()
            let service = LeaderService(elector: elector)
            let group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: quiet))
            let count = server.state.value.log.count
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                #expect(await eventually { holder.isEmpty ? elector.isLeading : server.state.value.log.count > count })
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(server.lease?.holderIdentity == holder)
        }
    }
}

private struct LeaderService: ServiceLifecycle.Service {
    let elector: LeaderElector
    func run() async throws {
        try await elector.withLeadership { try? await ServiceLifecycle.gracefulShutdown() }
    }
}
