import Synchronization
import TestSupport
import Testing

/// A new app, a new model, new code, told to real operators of which one may be struck once.
struct Story: Sendable {
    /// What a story leaves.
    struct Outcome: Sendable {
        /// How many writes came in.
        var writes: Int
        /// The write at which an operator was struck.
        var struck: String?
        /// Everything that lasts.
        var endState: Set<String>
    }

    private let app: App
    private var plane: ControlPlane { app.plane }

    init(_ plane: ControlPlane, _ upstreams: Upstreams, _ namespace: String) {
        app = App(plane: plane, upstreams: upstreams, namespace: namespace)
    }

    /// Tells the story, and then lets go of everything.
    /// - Parameters:
    ///   - operators: how many work at once, each as if it were alone.
    ///   - strike: what happens to which write. Who is killed is started again, as a kubelet does.
    ///   - atRest: looks at the end, while the operators still run.
    func tell(
        operators: Int = 1,
        strike: Relay.Strike? = nil,
        atRest: @Sendable (Relay) async throws -> Void = { _ in }
    ) async throws -> Outcome {
        let running = (1...operators).map { _ in RunningOperator() }
        return try await plane.withRelay(app.namespace, strike: strike, kill: { running.forEach { $0.kill() } }) {
            relay,
            kubeconfig in
            try await app.upstreams.push("1", to: app.repository)
            try await app.upstreams.uploadVersion("1.0.0", below: app.prefix)
            try await app.create()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for one in running { group.addTask { try await keepRunning(one, kubeconfig) } }
                defer { group.cancelAll() }
                try await app.converges(code: "1", model: "1.0.0")
                try await app.upstreams.uploadVersion("1.1.0", below: app.prefix)
                try await app.converges(code: "1", model: "1.1.0")
                try await app.upstreams.push("2", to: app.repository)
                try await app.converges(code: "2", model: "1.1.0")
                try await atRest(relay)
            }
            running.forEach { $0.kill() }
            let state = try await app.endState()
            try await plane.removeNamespace(app.namespace)
            return Outcome(writes: relay.writes, struck: relay.struck, endState: state)
        }
    }

    private func keepRunning(_ running: RunningOperator, _ kubeconfig: String) async throws {
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

/// One operator after the other.
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
