import Artifacts
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

@testable import KubernetesRuntime

@Suite("Lease: rules", .timeLimit(.minutes(1)))
struct LeaseStateMachineTests {
    private let start = ContinuousClock().now
    private let date = Timestamp(seconds: 1_800_000_000)

    private func makeMachine(_ identity: String = "me") -> LeaseStateMachine {
        LeaseStateMachine(
            key: ObjectKey(namespace: "n", name: "l"),
            identity: identity,
            timing: LeaseTiming(),
            now: start
        )
    }

    private func lease(_ holder: String, renewed: String = "r1", seconds: Int64 = 15, version: String = "1") -> Lease {
        var lease = Lease()
        lease.metadata = ObjectMeta(ObjectKey(namespace: "n", name: "l"))
        lease.metadata.resourceVersion = version
        lease.spec.holderIdentity = holder
        lease.spec.leaseDurationSeconds = seconds
        lease.spec.acquireTime = "a1"
        lease.spec.renewTime = renewed
        lease.spec.leaseTransitions = 4
        return lease
    }

    private func written(_ command: LeaseStateMachine.Command) -> Lease? {
        switch command {
        case .create(let lease), .update(let lease): lease
        default: nil
        }
    }

    @Test(
        "L1 timings that cannot work are refused",
        arguments: [
            LeaseTiming(leaseDuration: .seconds(10), renewDeadline: .seconds(10)),
            LeaseTiming(renewDeadline: .milliseconds(2400)),
            LeaseTiming(
                leaseDuration: .milliseconds(900),
                renewDeadline: .milliseconds(500),
                retryPeriod: .milliseconds(1)
            ),
            LeaseTiming(retryPeriod: .zero), LeaseTiming(renewDeadline: .zero, retryPeriod: .seconds(-1)),
            LeaseTiming(leaseDuration: .seconds(100_000)),
        ]
    )
    func badTimings(_ timing: LeaseTiming) {
        #expect(timing.problem != nil)
    }

    @Test("L1 the defaults are 15, 10 and 2 seconds, and can work") func defaults() {
        #expect(
            LeaseTiming()
                == LeaseTiming(leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(2))
        )
        #expect(LeaseTiming().problem == nil)
        #expect(LeaseTiming(leaseDuration: .milliseconds(15_001)).leaseDurationSeconds == 16)
    }

    @Test("L3 a lease is valid from when it was seen to change, whatever its timestamps say") func localValidity() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        #expect(machine.handle(.found(lease("other")), start, date: date) == .finished(.held(by: "other")))
        // Seen again unchanged: the time goes on.
        _ = machine.handle(.attempt, start + .seconds(14), date: date)
        #expect(
            machine.handle(.found(lease("other")), start + .seconds(14), date: date) == .finished(.held(by: "other"))
        )
        _ = machine.handle(.attempt, start + .seconds(15), date: date)
        let taken = machine.handle(.found(lease("other")), start + .seconds(15), date: date)
        #expect(written(taken)?.spec.holderIdentity == "me")
    }

    @Test("L3 a renewal that is seen starts the time anew") func renewalIsSeen() {
        var machine = makeMachine()
        for (seconds, renewal) in [(0, "r1"), (14, "r2"), (28, "r3")] {
            let now = start + .seconds(seconds)
            _ = machine.handle(.attempt, now, date: date)
            #expect(
                machine.handle(.found(lease("other", renewed: renewal)), now, date: date)
                    == .finished(.held(by: "other"))
            )
        }
    }

    @Test("L3 the duration in the record counts, not ours") func recordedDuration() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        _ = machine.handle(.found(lease("other", seconds: 60)), start, date: date)
        let later = start + .seconds(59)
        _ = machine.handle(.attempt, later, date: date)
        #expect(machine.handle(.found(lease("other", seconds: 60)), later, date: date) == .finished(.held(by: "other")))
    }

    @Test("L3 absurd durations in the record neither trap nor hold for ever", arguments: [Int64.min, -1, 0])
    func absurdDuration(_ seconds: Int64) {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        #expect(written(machine.handle(.found(lease("other", seconds: seconds)), start, date: date)) != nil)
        var patient = makeMachine()
        _ = patient.handle(.attempt, start, date: date)
        #expect(
            patient.handle(.found(lease("other", seconds: .max)), start, date: date) == .finished(.held(by: "other"))
        )
    }

    @Test("L4 without a lease one is created") func creation() {
        var machine = makeMachine()
        #expect(machine.handle(.attempt, start, date: date) == .get)
        let made = written(machine.handle(.found(nil), start, date: date))
        #expect(made?.key.description == "n/l")
        #expect(made?.spec.holderIdentity == "me")
        #expect(made?.spec.leaseDurationSeconds == 15)
        #expect(made?.spec.leaseTransitions == 0)
        #expect(machine.handle(.written(lease("me"), sentAt: start), start, date: date) == .finished(.leading))
    }

    @Test("L4 the leader renews without reading, with the version it remembers") func fastPath() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        _ = machine.handle(.found(nil), start, date: date)
        _ = machine.handle(.written(lease("me", version: "7"), sentAt: start), start, date: date)
        let renewal = written(machine.handle(.attempt, start + .seconds(2), date: date + .seconds(2)))
        #expect(renewal?.metadata.resourceVersion == "7")
        #expect(renewal?.spec.acquireTime == "a1")
        #expect(renewal?.spec.leaseTransitions == 4)
        #expect(renewal?.spec.renewTime == (date + .seconds(2)).rfc3339Micro)
    }

    @Test("L4 a renewal that fails reads the lease, and renews it if it is still ours") func slowPath() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        _ = machine.handle(.found(nil), start, date: date)
        _ = machine.handle(.written(lease("me", version: "7"), sentAt: start), start, date: date)
        _ = machine.handle(.attempt, start, date: date)
        #expect(machine.handle(.failed(refusal(409, "Conflict")), start, date: date) == .get)
        let renewal = written(machine.handle(.found(lease("me", renewed: "r9", version: "8")), start, date: date))
        #expect(renewal?.metadata.resourceVersion == "8")
        #expect(renewal?.spec.acquireTime == "a1")
        #expect(renewal?.spec.leaseTransitions == 4)
    }

    @Test("L4 a leader whose lease ran out locally reads before it writes") func expiredLeaderReads() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        _ = machine.handle(.found(nil), start, date: date)
        _ = machine.handle(.written(lease("me"), sentAt: start), start + .seconds(1), date: date)
        #expect(machine.handle(.attempt, start + .seconds(15), date: date) == .get)
    }

    @Test("L4 taking the lease from another counts a transition") func transition() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        let taken = written(machine.handle(.found(lease("")), start, date: date))
        #expect(taken?.spec.leaseTransitions == 5)
        #expect(taken?.spec.acquireTime == date.rfc3339Micro)
        #expect(taken?.metadata.resourceVersion == "1")
    }

    @Test("L4 a conflict is a lost attempt") func conflict() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        _ = machine.handle(.found(lease("")), start, date: date)
        guard case .finished(.failed) = machine.handle(.failed(refusal(409, "Conflict")), start, date: date) else {
            Issue.record("not failed")
            return
        }
        #expect(machine.handle(.attempt, start, date: date) == .get)
    }

    @Test("L6 a lease without a holder is taken at once") func emptyHolder() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        #expect(written(machine.handle(.found(lease("", seconds: 3600)), start, date: date)) != nil)
    }

    @Test("L7 a release frees our lease and leaves that of another") func release() {
        let free = LeaseStateMachine.released(lease("me"), identity: "me", date: date)
        #expect(free?.spec.holderIdentity == "")
        #expect(free?.spec.leaseDurationSeconds == 1)
        #expect(free?.spec.leaseTransitions == 4)
        #expect(free?.spec.renewTime == date.rfc3339Micro)
        #expect(free?.document["spec"]?["holderIdentity"] == "")
        #expect(LeaseStateMachine.released(lease("other"), identity: "me", date: date) == nil)
    }

    @Test("L8 times have six digits; the identity is the host with a UUID") func format() {
        var machine = makeMachine()
        _ = machine.handle(.attempt, start, date: date)
        let made = written(machine.handle(.found(nil), start, date: date))
        #expect(made?.spec.renewTime == "2027-01-15T08:00:00.000000Z")
        var generator = SystemRandomNumberGenerator()
        let identity = LeaderElector.identity(host: "pod-1", random: &generator)
        #expect(
            identity.wholeMatch(of: /pod-1_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil
        )
        #expect(identity != LeaderElector.identity(host: "pod-1", random: &generator))
    }
}
