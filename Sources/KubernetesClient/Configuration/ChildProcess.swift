import Dispatch
import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One run of a program.
///
/// `posix_spawn` and not swift-subprocess: one small call, and the operator links no further package for it. The wait
/// blocks, so it has a thread of its own; the cooperative pool has one thread a core.
final class ChildProcess: Sendable {
    private struct State {
        var pid: pid_t?
        var isCancelled = false
    }

    private let program: ProgramRunner.Program
    private let state = Mutex(State())

    init(_ program: ProgramRunner.Program) { self.program = program }

    func run() async throws(KubernetesError) -> ProgramRunner.Outcome {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Finish, Never>) in
                DispatchQueue(label: "credential-plugin").async { continuation.resume(returning: self.runBlocking()) }
            }
        } onCancel: {
            kill(isCancelled: true)
        }
        return try result.get()
    }

    private typealias Finish = Result<ProgramRunner.Outcome, KubernetesError>

    /// Kills the process and its children. Under the lock, as is the reaping: a number that was given to another
    /// process meanwhile cannot be hit.
    private func kill(isCancelled: Bool = false) {
        state.withLock { state in
            if isCancelled { state.isCancelled = true }
            if let pid = state.pid { _ = systemKill(-pid, SIGKILL) }
        }
    }

    private func runBlocking() -> Finish {
        Result { () throws(KubernetesError) in
            var (output, errors) = try start()
            defer {
                output.close()
                errors.close()
            }
            let deadline = ContinuousClock().now.advanced(by: program.timeout)
            var ending = read(&output, &errors, until: deadline)
            var status: Int32?
            while true {
                status = reap()
                if status != nil { break }
                if ending == nil, ContinuousClock().now >= deadline { ending = .late }
                if ending != nil { kill() }
                usleep(5000)
            }
            if state.withLock({ $0.isCancelled }) { throw KubernetesError(.cancelled, "cancelled") }
            switch ending {
            case .late:
                throw KubernetesError(.timeout, "\(program.command) did not end within \(program.timeout)")
            case .tooMuch:
                throw KubernetesError(
                    .configuration,
                    "\(program.command) printed more than \(program.maximumOutput) bytes"
                )
            case nil:
                return ProgramRunner.Outcome(
                    status: status ?? -1,
                    output: output.received,
                    diagnostics: errors.received
                )
            }
        }
    }

    private enum Ending {
        case late, tooMuch
    }

    /// Reads until both outputs end, the deadline comes or too much was printed.
    private func read(_ output: inout Pipe, _ errors: inout Pipe, until deadline: ContinuousClock.Instant) -> Ending? {
        while output.isReading || errors.isReading {
            let left = deadline - ContinuousClock().now
            guard left > .zero else { return .late }
            var polls = [output.poll, errors.poll]
            let milliseconds = left.components.seconds > 60 ? 60_000 : left / .milliseconds(1)
            guard poll(&polls, nfds_t(polls.count), CInt(milliseconds) + 1) > 0 else { continue }
            if polls[0].revents != 0 { output.read(keeping: program.maximumOutput + 1, dropsOldest: false) }
            if polls[1].revents != 0 { errors.read(keeping: 4096, dropsOldest: true) }
            if output.received.count > program.maximumOutput { return .tooMuch }
        }
        return nil
    }

    /// The exit status, if the process has ended.
    private func reap() -> Int32? {
        state.withLock { state in
            guard let pid = state.pid else { return -1 }
            var status: CInt = 0
            let result = waitpid(pid, &status, WNOHANG)
            if result == 0 || result < 0 && errno == EINTR { return nil }
            state.pid = nil
            guard result > 0 else { return -1 }
            let signal = status & 0x7F
            return signal == 0 ? status >> 8 & 0xFF : 128 + signal
        }
    }

    /// Between `pipe` and the flag that keeps it from other children, no other child may be started: it would hold the
    /// pipe open.
    private static let starting = Mutex(())

    private func start() throws(KubernetesError) -> (output: Pipe, errors: Pipe) {
        try Self.starting.withLock { _ throws(KubernetesError) in
            var output = try Pipe()
            var errors: Pipe
            do throws(KubernetesError) {
                errors = try Pipe()
            } catch {
                output.close()
                throw error
            }
            do throws(KubernetesError) {
                try spawn(output, errors)
            } catch {
                output.close()
                errors.close()
                throw error
            }
            output.closeWriting()
            errors.closeWriting()
            return (output, errors)
        }
    }

    private func spawn(_ output: Pipe, _ errors: Pipe) throws(KubernetesError) {
        #if canImport(Glibc)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #else
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        // A group of its own, so that children are killed too; no signals blocked or ignored.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | CInt(POSIX_SPAWN_SETSIGMASK) | CInt(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let arguments = CStrings([program.command] + program.arguments)
        let environment = CStrings(program.environment.map { "\($0.key)=\($0.value)" })
        defer {
            arguments.free()
            environment.free()
        }
        let code: CInt = state.withLock { state in
            if state.isCancelled { return ECANCELED }
            var pid = pid_t()
            let code = posix_spawnp(
                &pid,
                program.command,
                &actions,
                &attributes,
                arguments.pointers,
                environment.pointers
            )
            if code == 0 { state.pid = pid }
            return code
        }
        switch code {
        case 0: return
        case ECANCELED: throw KubernetesError(.cancelled, "cancelled")
        case ENOENT: throw KubernetesError(.configuration, "the program \(program.command) is not installed")
        default:
            throw KubernetesError(.configuration, "\(program.command) cannot be started: \(SystemError.text(code))")
        }
    }
}

/// `kill(2)`, which the method of the same name would hide.
private let systemKill: @Sendable (pid_t, CInt) -> CInt = { kill($0, $1) }

/// Strings as C's `argv` wants them.
private struct CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    func free() { for pointer in pointers { systemFree(pointer) } }
}

private let systemFree: @Sendable (UnsafeMutableRawPointer?) -> Void = { free($0) }
private let systemRead: @Sendable (CInt, UnsafeMutableRawPointer?, Int) -> Int = { read($0, $1, $2) }
private let systemClose: @Sendable (CInt) -> Void = { _ = close($0) }

/// A pipe from a child, and what came out of it.
private struct Pipe {
    private(set) var received: [UInt8] = []
    private var ends: [CInt] = [-1, -1]

    init() throws(KubernetesError) {
        guard pipe(&ends) == 0 else {
            throw KubernetesError(.configuration, "no pipe for a program: \(SystemError.text(errno))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    var writing: CInt { ends[1] }
    var isReading: Bool { ends[0] >= 0 }
    /// What to poll; a closed end is -1, which `poll` skips.
    var poll: pollfd { pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0) }

    mutating func closeWriting() { close(1) }

    mutating func close() {
        close(0)
        close(1)
    }

    private mutating func close(_ index: Int) {
        if ends[index] >= 0 { systemClose(ends[index]) }
        ends[index] = -1
    }

    mutating func read(keeping limit: Int, dropsOldest: Bool) {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = chunk.withUnsafeMutableBytes { systemRead(ends[0], $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return close(0) }
        received += chunk.prefix(count)
        guard received.count > limit else { return }
        received = Array(dropsOldest ? received.suffix(limit) : received.prefix(limit))
    }
}
