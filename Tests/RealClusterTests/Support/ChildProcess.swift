import Foundation
import Glibc
import Synchronization
import TestSupport

/// A program beside the tests: the real `modelapp operator`, above all. It never outlives its object.
final class ChildProcess: Sendable {
    private struct State {
        var pid: pid_t = 0
        /// As `waitpid` gave it; nil while it runs.
        var status: Int32?
    }

    private let state: Mutex<State>
    private let logFile: String

    /// Where programs are looked for, also by the child itself.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Starts a program, by its path or by a name that is looked for in `path`. `log` is appended to, so that several in a
    /// row write one log.
    init(_ command: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Threads of the tests may have signals blocked, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Nothing of this machine's own configuration.
        let environment = ["PATH=\(Self.path)", "HOME=/nonexistent", "SWIFT_BACKTRACE=enable=no"]
        // Not by the PATH of the tests: `scripts/test` puts a Python of its own first there, and one that is started under
        // another PATH takes its library from the Python that it finds by that.
        let name = command.first ?? ""
        guard let program = name.contains("/") ? name : Tool.find(name, in: Self.path)?.path else {
            throw NotReached(description: "\(name) is not in \(Self.path)")
        }
        var argv = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + variables { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &argv, &variables)
        guard code == 0 else { throw NotReached(description: "\(program): \(String(cString: strerror(code)))") }
        state = Mutex(State(pid: pid))
        logFile = log
    }

    /// Starts the operator of this build, with a kubeconfig and nothing else.
    /// - Parameter wrapper: a program that starts the operator, with its arguments.
    static func modelappOperator(
        kubeconfig: String,
        _ arguments: [String],
        log: String,
        wrapper: [String] = []
    ) throws -> ChildProcess {
        try ChildProcess(wrapper + [modelapp, "operator", "--kubeconfig", kubeconfig] + arguments, log: log)
    }

    /// The program beside the tests, from the same build.
    private static let modelapp = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("modelapp").path

    /// Whether it runs.
    var isRunning: Bool { state.withLock { Self.isRunning(&$0) } }

    /// SIGKILL. It is gone when this returns.
    func kill() {
        state.withLock { state in
            guard Self.isRunning(&state) else { return }
            Glibc.kill(state.pid, SIGKILL)
            while Self.isRunning(&state) { usleep(1000) }
        }
    }

    /// SIGTERM, then how it ended, as `waitpid` says it; SIGKILL after 15 s.
    func stop() async throws -> Int32? {
        state.withLock { state in
            if Self.isRunning(&state) { Glibc.kill(state.pid, SIGTERM) }
        }
        let deadline = ContinuousClock.now + .seconds(15)
        while isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        kill()
        return state.withLock { $0.status }
    }

    /// What it wrote.
    var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    private static func isRunning(_ state: inout State) -> Bool {
        guard state.status == nil else { return false }
        var status: Int32 = 0
        guard waitpid(state.pid, &status, WNOHANG) == state.pid else { return true }
        state.status = status
        return false
    }

    deinit { kill() }
}
