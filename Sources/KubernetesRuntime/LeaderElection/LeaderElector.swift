public import HTTPTransport
public import KubernetesAPI
public import KubernetesClient
public import Logging
public import Metrics
import ServiceLifecycle
import Synchronization

/// Runs work while this process holds a lease.
///
/// Guarantees: work starts only after the lease was written, is cancelled when the lease was not renewed within the
/// renew deadline, and has ended before the lease is given up. Assumes clocks that run at about the same speed.
///
/// Caveat (L9): a lease does not fence. Work that does not end at once when it is cancelled may overlap with the next
/// leader's, so whatever it does has to be harmless when done twice. The renewals need a thread now and then: long
/// computations belong off the cooperative pool (L12).
public final class LeaderElector: Sendable {
    private struct State {
        var isLeading = false
        var lastRenewal: ContinuousClock.Instant?
    }

    /// The lease.
    public let lease: ObjectKey
    /// Who this process is among those that compete.
    public let identity: String
    private let timing: LeaseTiming
    private let client: Client
    private let fieldManager: FieldManager
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let recorder: EventRecorder?
    private let status: Meter
    private let logger: Logger
    private let state = Mutex(State())

    /// An elector that does nothing before `withLeadership`. Throws `invalidConfiguration` where the timing cannot
    /// work or the identity is empty (L1).
    /// - Parameters:
    ///   - identity: see `identity(host:random:)`.
    ///   - client: whose transport should not wait long for connections; each attempt is cut after half the deadline.
    ///   - random: numbers in 0..<1, for jitter.
    ///   - recorder: writes an event when leadership changes (L11).
    public init(
        lease: ObjectKey,
        identity: String,
        timing: LeaseTiming = LeaseTiming(),
        client: Client,
        fieldManager: FieldManager,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        recorder: EventRecorder? = nil,
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger
    ) throws(LeaderElectionError) {
        if let problem = timing.problem { throw LeaderElectionError(.invalidConfiguration, problem) }
        guard !identity.isEmpty else { throw LeaderElectionError(.invalidConfiguration, "the identity is empty") }
        self.lease = lease
        self.identity = identity
        self.timing = timing
        self.client = client
        self.fieldManager = fieldManager
        self.time = time
        self.random = random
        self.recorder = recorder
        self.logger = logger
        status = Meter(label: "leader_election_master_status", dimensions: [("name", lease.name)], factory: metrics)
        status.set(0)
    }

    /// L8: the host's name with a random UUID, so that a restarted process is somebody else.
    public static func identity(host: String, random: inout some RandomNumberGenerator) -> String {
        var bytes = (0..<2).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return host + "_" + text
    }

    /// Whether this process leads, as far as it knows.
    public var isLeading: Bool { state.withLock { $0.isLeading } }

    /// When the last renewal was sent; nil before the first.
    var lastRenewal: ContinuousClock.Instant? { state.withLock { $0.lastRenewal } }

    /// L10: what is wrong with a process that believes to lead although its lease ran out; nil if nothing is.
    public func problem(tolerance: Duration = .seconds(20)) -> String? {
        let now = time.now
        let silence = state.withLock { state -> Duration? in
            guard state.isLeading, let last = state.lastRenewal else { return nil }
            return now - last
        }
        guard let silence, silence > timing.leaseDuration + tolerance else { return nil }
        return "lease \(lease) was last renewed \(silence) ago, but this process still leads"
    }

    /// Waits for the lease, runs `body` while it is held, and gives it up after `body` has returned.
    ///
    /// A graceful shutdown ends the waiting; while leading it is for `body` to end, which sees the shutdown itself.
    /// Returns when `body` has returned, or when a shutdown came before the lease. Throws `lost` when the lease could
    /// not be kept: `body` was cancelled and has ended by then, and the process should end too; `workFailed` with what
    /// `body` threw; `cancelled` when the task was cancelled. A cancelled task can send nothing, so the lease then runs
    /// out by itself.
    public func withLeadership(_ body: @escaping @Sendable () async throws -> Void) async throws(LeaderElectionError) {
        let machine: LeaseStateMachine
        do {
            machine = try await cancelWhenGracefulShutdown { try await self.acquire() }
        } catch {
            if !Task.isCancelled, Task.isShuttingDownGracefully { return }
            throw LeaderElectionError(.cancelled, "cancelled while waiting for lease \(lease)", underlying: error)
        }
        status.set(1)
        announce("became leader", reason: "LeaderElected", action: "Acquire")
        let end = await lead(machine, body)
        state.withLock { $0.isLeading = false }
        status.set(0)
        announce("stopped leading", reason: "LeaderStopped", action: "Release")
        switch end {
        case .lost(let reason): throw LeaderElectionError(.lost, "lost lease \(lease): \(reason)")
        case .ended(let error):
            await release()
            if Task.isCancelled { throw LeaderElectionError(.cancelled, "cancelled while leading", underlying: error) }
            if let error {
                throw LeaderElectionError(.workFailed, "the leader's work failed: \(error)", underlying: error)
            }
        }
    }

    // MARK: Waiting

    /// L2.
    private func acquire() async throws -> LeaseStateMachine {
        var machine = LeaseStateMachine(key: lease, identity: identity, timing: timing, now: time.now)
        var holder: String?
        logger.info("waiting for the lease", metadata: ["lease": "\(lease)", "identity": "\(identity)"])
        while true {
            switch try await attempt(&machine, within: timing.renewDeadline / 2) {
            case .leading:
                let renewal = machine.observedAt
                state.withLock { $0 = State(isLeading: true, lastRenewal: renewal) }
                return machine
            case .held(let other):
                if other != holder {
                    logger.info("another process leads", metadata: ["lease": "\(lease)", "holder": "\(other)"])
                }
                holder = other
            case .failed(let reason):
                logger.warning("cannot take the lease", metadata: ["lease": "\(lease)", "error": "\(reason)"])
            }
            try await time.sleep(for: timing.retryPeriod.stretched(by: LeaseTiming.jitter, unit: random()))
        }
    }

    // MARK: Leading

    private enum End: Sendable {
        case ended((any Error)?)
        case lost(String)
    }

    private func lead(_ machine: LeaseStateMachine, _ body: @escaping @Sendable () async throws -> Void) async -> End {
        await withTaskGroup(of: End?.self) { group in
            group.addTask {
                do {
                    try await body()
                    return .ended(nil)
                } catch {
                    return .ended(error)
                }
            }
            group.addTask(priority: .high) { await self.renew(machine) }
            // On its own: a request that does not end when it is cancelled must not prolong the leadership.
            group.addTask(priority: .high) { await self.guardDeadline() }
            var end: End?
            for await outcome in group {
                guard let outcome else { continue }
                // The first decides; what comes later comes because it was cancelled.
                if end == nil { end = outcome }
                group.cancelAll()
            }
            return end ?? .ended(nil)
        }
    }

    /// L5. Returns when the lease is lost to somebody else, or when cancelled.
    private func renew(_ start: LeaseStateMachine) async -> End? {
        var machine = start
        do {
            while true {
                try await time.sleep(for: timing.retryPeriod)
                switch try await attempt(&machine, within: timing.renewDeadline / 2) {
                case .leading:
                    let renewal = machine.observedAt
                    state.withLock { $0.lastRenewal = renewal }
                // client-go tries on until the deadline; who has seen another holder knows enough.
                case .held(let other): return .lost("\(other) holds it")
                case .failed(let reason):
                    logger.warning("cannot renew the lease", metadata: ["lease": "\(lease)", "error": "\(reason)"])
                }
            }
        } catch {
            return nil
        }
    }

    /// Returns when the last renewal is older than the deadline, or when cancelled.
    private func guardDeadline() async -> End? {
        while true {
            let last = state.withLock { $0.lastRenewal } ?? time.now
            let deadline = last.advanced(by: timing.renewDeadline)
            if time.now >= deadline { return .lost("not renewed within \(timing.renewDeadline)") }
            do { try await time.sleep(until: deadline) } catch { return nil }
        }
    }

    // MARK: Requests

    /// One attempt to take or keep the lease. Throws only when cancelled. After `limit` it counts as failed, and
    /// whether it took effect is found out by the next.
    private func attempt(
        _ machine: inout LeaseStateMachine,
        within limit: Duration
    ) async throws -> LeaseStateMachine.Verdict {
        let start = machine
        let outcome = try await time.withLimit(limit) { await self.exchange(start) }
        try Task.checkCancellation()
        guard let (end, verdict) = outcome else { return .failed("no answer within \(limit)") }
        machine = end
        return verdict
    }

    private func exchange(_ start: LeaseStateMachine) async -> (LeaseStateMachine, LeaseStateMachine.Verdict) {
        var machine = start
        var command = machine.handle(.attempt, time.now, date: time.date())
        while true {
            var input: LeaseStateMachine.Input
            let sentAt = time.now
            do throws(KubernetesError) {
                switch command {
                case .finished(let verdict): return (machine, verdict)
                case .get: input = .found(try await client.get(Lease.self, lease))
                case .create(let new):
                    input = .written(try await client.create(new, fieldManager: fieldManager), sentAt: sentAt)
                case .update(let new):
                    input = .written(try await client.update(new, fieldManager: fieldManager), sentAt: sentAt)
                }
            } catch {
                input = .failed(error)
            }
            command = machine.handle(input, time.now, date: time.date())
        }
    }

    /// L7.
    private func release() async {
        guard !Task.isCancelled else { return }
        let isReleased = try? await time.withLimit(timing.renewDeadline) { await self.releaseOnce() }
        logger.info("gave up the lease", metadata: ["lease": "\(lease)", "released": "\(isReleased == true)"])
    }

    private func releaseOnce() async -> Bool {
        for _ in 0..<10 {
            do throws(KubernetesError) {
                guard let present = try await client.get(Lease.self, lease),
                    let free = LeaseStateMachine.released(present, identity: identity, date: time.date())
                else { return true }
                try await client.update(free, fieldManager: fieldManager)
                return true
            } catch  where error.isConflict {
                continue
            } catch {
                logger.warning(
                    "cannot give up the lease",
                    metadata: ["lease": "\(lease)", "error": "\(error.message)"]
                )
                return false
            }
        }
        return false
    }

    private func announce(_ what: String, reason: String, action: String) {
        logger.info("\(what)", metadata: ["lease": "\(lease)", "identity": "\(identity)"])
        var object = Lease()
        object.metadata = ObjectMeta(lease)
        recorder?.record(
            reason: reason,
            action: action,
            note: "\(identity) \(what)",
            regarding: ObjectReference(object)
        )
    }
}
