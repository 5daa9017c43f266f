import Foundation
import Synchronization
import TestSupport
import Testing

/// "Crash anywhere": the operator dies at a write, is started again as a kubelet would, and everything ends as if it
/// had not.
@Suite(
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .enabled(if: TestPeer.registry.isExpected, TestPeer.registry.reason),
    .enabled(if: TestPeer.s3.isExpected, TestPeer.s3.reason),
    .timeLimit(.minutes(4))
)
struct KillTests {
    /// How many of the story's writes are struck, first to last.
    private static let strikes = 12
    /// How many stories are told side by side; each is an operator of its own.
    private static let width = 6
    private static let run = String(UInt32.random(in: .min ... .max), radix: 36)

    @Test func killedAtAnyWriteTheOperatorEndsWhereItWouldHave() async throws {
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            let upstreams = try await Upstreams(plane.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ReadyPods(client: plane.client, namespaces: "kill-\(Self.run)").run() }
                defer { group.cancelAll() }
                let undisturbed = try await Story(plane, upstreams, "kill-\(Self.run)-0", strike: nil).tell()
                #expect(undisturbed.writes >= Self.strikes, "the story has only \(undisturbed.writes) writes")
                print("the undisturbed story has \(undisturbed.writes) writes; \(Self.strikes) of them are struck")
                try await tellAll(plane, upstreams, undisturbed)
            }
        }
    }

    private func tellAll(_ plane: ControlPlane, _ upstreams: Upstreams, _ undisturbed: Story.Outcome) async throws {
        var waiting = (1...Self.strikes).flatMap { write in Relay.Strike.allCases.map { (write: write, kind: $0) } }[
            ...
        ]
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.width {
                if let strike = waiting.popFirst() {
                    group.addTask { await tell(plane, upstreams, strike, undisturbed) }
                }
            }
            while await group.next() != nil {
                if let strike = waiting.popFirst() {
                    group.addTask { await tell(plane, upstreams, strike, undisturbed) }
                }
            }
        }
    }

    private func tell(
        _ plane: ControlPlane,
        _ upstreams: Upstreams,
        _ strike: (write: Int, kind: Relay.Strike),
        _ undisturbed: Story.Outcome
    ) async {
        let namespace = "kill-\(Self.run)-\(strike.write)-\(strike.kind)".lowercased()
        do {
            let outcome = try await Story(plane, upstreams, namespace, strike: strike).tell()
            #expect(outcome.struck != nil, "write \(strike.write) was never made")
            let difference = undisturbed.endState.symmetricDifference(outcome.endState)
            #expect(
                difference.isEmpty,
                "\(strike.kind) at write \(strike.write), \(outcome.struck ?? "")"
            )
        } catch {
            Issue.record("\(strike.kind) at write \(strike.write): \(error)")
        }
    }
}

/// A new app, a new model, new code, told to an operator that is struck once.
private struct Story {
    struct Outcome: Sendable {
        var writes: Int
        var struck: String?
        var endState: Set<String>
    }

    let plane: ControlPlane
    let app: App
    let strike: (write: Int, kind: Relay.Strike)?

    init(
        _ plane: ControlPlane,
        _ upstreams: Upstreams,
        _ namespace: String,
        strike: (write: Int, kind: Relay.Strike)?
    ) {
        self.plane = plane
        self.strike = strike
        app = App(plane: plane, upstreams: upstreams, namespace: namespace)
    }

    func tell() async throws -> Outcome {
        let running = RunningOperator()
        return try await plane.withRelay(app.namespace, strike: strike, kill: { running.kill() }) {
            relay,
            kubeconfig in
            try await app.upstreams.push("1", to: app.repository)
            try await app.upstreams.uploadVersion("1.0.0", below: app.prefix)
            try await app.create()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await keepRunning(kubeconfig, running) }
                defer { group.cancelAll() }
                try await app.converges(code: "1", model: "1.0.0")
                try await app.upstreams.uploadVersion("1.1.0", below: app.prefix)
                try await app.converges(code: "1", model: "1.1.0")
                try await app.upstreams.push("2", to: app.repository)
                try await app.converges(code: "2", model: "1.1.0")
            }
            running.kill()
            let state = try await app.endState()
            try await plane.removeNamespace(app.namespace)
            return Outcome(writes: relay.writes, struck: relay.struck, endState: state)
        }
    }

    /// Starts the operator, and starts it again whenever it is gone, as a kubelet would.
    private func keepRunning(_ kubeconfig: String, _ running: RunningOperator) async throws {
        while true {
            try running.start {
                try ChildProcess.modelappOperator(
                    kubeconfig: kubeconfig,
                    ["--namespace", app.namespace, "--allow-endpoint", "127.0.0.1"],
                    log: plane.folder.path + "/\(app.namespace).log"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// The operator of a story, one after the other.
private final class RunningOperator: Sendable {
    private let process = Mutex<ChildProcess?>(nil)

    /// Starts one unless one runs.
    func start(_ make: () throws -> ChildProcess) throws {
        try process.withLock { process in
            if process?.isRunning != true { process = try make() }
        }
    }

    /// SIGKILL; it is gone when this returns.
    func kill() { process.withLock { $0 }?.kill() }
}
