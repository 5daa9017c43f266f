import Artifacts
import KubernetesAPI
import KubernetesClient

/// The rules of taking and keeping a lease, without time or requests (client-go `leaderelection.go
/// tryAcquireOrRenew`).
///
/// An attempt is a short exchange: the driver performs `Command` and hands the result in until a verdict comes.
/// Timestamps in the record are written for people; what counts is when this process saw the record change (L3), so
/// clocks that disagree do no harm. Clocks that run at different speeds do, beyond the ratio of lease duration to renew
/// deadline.
struct LeaseStateMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Command: Sendable, Hashable {
        case get
        case create(Lease)
        case update(Lease)
        case finished(Verdict)
    }

    enum Verdict: Sendable, Hashable {
        /// The lease is ours as of the instant at which the write was sent.
        case leading
        /// Somebody else holds it.
        case held(by: String)
        /// A request failed, or somebody else was faster.
        case failed(String)
    }

    enum Input: Sendable {
        case attempt
        case found(Lease?)
        /// The server has stored what was sent; `sentAt` is when sending began.
        case written(Lease, sentAt: Instant)
        case failed(KubernetesError)
    }

    private enum Phase: Sendable { case idle, renewing, reading, writing }

    let key: ObjectKey
    let identity: String
    let timing: LeaseTiming
    private(set) var observed: Lease?
    /// When this process first saw `observed` as it is.
    private(set) var observedAt: Instant
    private var phase = Phase.idle

    init(key: ObjectKey, identity: String, timing: LeaseTiming, now: Instant) {
        self.key = key
        self.identity = identity
        self.timing = timing
        observedAt = now
    }

    /// Who holds the lease, as far as is known; empty if nobody does.
    var holder: String { observed?.spec.holderIdentity ?? "" }

    /// L3: by the duration in the observed record, not by ours.
    func isValid(_ now: Instant) -> Bool {
        let seconds = min(max(observed?.spec.leaseDurationSeconds ?? 0, 0), Int64(Int32.max))
        return observedAt.advanced(by: .seconds(seconds)) > now
    }

    mutating func handle(_ input: Input, _ now: Instant, date: Timestamp) -> Command {
        switch (phase, input) {
        case (_, .attempt):
            // L4.1: who leads writes without reading first; the remembered version makes it safe.
            guard let observed, holder == identity, isValid(now) else { return read() }
            phase = .renewing
            return .update(renewed(observed, date))
        case (.renewing, .failed): return read()
        case (.reading, .found(nil)):
            phase = .writing
            return .create(made(date))
        case (.reading, .found(let lease?)):
            observe(lease, now)
            if !holder.isEmpty, holder != identity, isValid(now) { return finish(.held(by: holder)) }
            phase = .writing
            return .update(holder == identity ? renewed(lease, date) : taken(lease, date))
        case (.renewing, .written(let lease, let sentAt)), (.writing, .written(let lease, let sentAt)):
            observed = lease
            // The others see the write after it was sent: counted from there we stop before they start.
            observedAt = sentAt
            return finish(.leading)
        case (_, .failed(let error)): return finish(.failed(error.message))
        default: return finish(.failed("an answer that was not asked for"))
        }
    }

    private mutating func read() -> Command {
        phase = .reading
        return .get
    }

    private mutating func finish(_ verdict: Verdict) -> Command {
        phase = .idle
        return .finished(verdict)
    }

    /// L3: a change of the record, and its first sight, start its time anew.
    private mutating func observe(_ lease: Lease, _ now: Instant) {
        if observed?.spec != lease.spec { observedAt = now }
        observed = lease
    }

    private func made(_ date: Timestamp) -> Lease {
        var lease = Lease()
        lease.metadata = ObjectMeta(key)
        lease.spec = LeaseSpec()
        lease.spec.leaseTransitions = 0
        lease.spec.acquireTime = date.rfc3339Micro
        return renewed(lease, date)
    }

    private func taken(_ lease: Lease, _ date: Timestamp) -> Lease {
        var lease = lease
        lease.spec.acquireTime = date.rfc3339Micro
        // An int32 on the server; who wrote it is not known.
        lease.spec.leaseTransitions = min(max(lease.spec.leaseTransitions ?? 0, 0), Int64(Int32.max) - 1) + 1
        return renewed(lease, date)
    }

    private func renewed(_ lease: Lease, _ date: Timestamp) -> Lease {
        var lease = lease
        lease.spec.holderIdentity = identity
        lease.spec.leaseDurationSeconds = timing.leaseDurationSeconds
        lease.spec.renewTime = date.rfc3339Micro
        return lease
    }

    /// L7: what frees the lease for the next; nil where it is not ours.
    static func released(_ lease: Lease, identity: String, date: Timestamp) -> Lease? {
        guard lease.spec.holderIdentity == identity else { return nil }
        var lease = lease
        lease.spec.holderIdentity = ""
        lease.spec.leaseDurationSeconds = 1
        lease.spec.renewTime = date.rfc3339Micro
        lease.spec.acquireTime = date.rfc3339Micro
        return lease
    }
}
