import Artifacts
import HTTPTransport
import JSON

/// Credentials from a plugin, kept until they end.
///
/// The program runs one at a time, however many requests wait. It runs again after three quarters of a credential's
/// life, and after a 401; a failure to renew does not matter while the old credential lasts, and is tried again after
/// ten seconds. A credential without an end is kept until a 401.
actor PluginCredential: ClusterCredential {
    private struct Issued {
        var answer: PluginAnswer
        var renewal: Timestamp?
        var isRejected = false
    }

    /// How long a program may run.
    static let timeout = Duration.seconds(60)
    /// How much a program may print.
    static let maximumOutput = 1 << 20
    private static let pause = Duration.seconds(10)

    private let plugin: CredentialPlugin
    private let cluster: PluginCluster
    private let programs: ProgramRunner
    private let inherited: [String: String]
    private let time: TimeSource
    private var issued: Issued?
    /// The certificate that connections use: it was given to the transport once.
    private var identity: ClientIdentity?
    private var isRunning = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ plugin: CredentialPlugin, cluster: PluginCluster, _ sources: ConfigurationSources) {
        self.plugin = plugin
        self.cluster = cluster
        programs = sources.programs
        inherited = sources.environment
        time = sources.time
    }

    /// Runs the program for the first time and returns the certificate it issues, if it does.
    func start() async throws(KubernetesError) -> ClientIdentity? {
        let first = try await current()
        identity = first.identity
        return first.identity
    }

    func authorization() async throws(KubernetesError) -> String? {
        let answer = try await current()
        guard answer.identity == identity else {
            throw KubernetesError(
                .configuration,
                "\(plugin.origin): \(plugin.command) issued another client certificate; restart to use it"
            )
        }
        return answer.token.map { "Bearer " + $0 }
    }

    func invalidate() async { issued?.isRejected = true }

    /// A credential that is good now. One caller runs the program; the others use the old credential while it lasts,
    /// or wait.
    private func current() async throws(KubernetesError) -> PluginAnswer {
        while true {
            let now = time.date()
            if let issued, !issued.isRejected, issued.renewal.map({ now < $0 }) ?? true { return issued.answer }
            if !isRunning { break }
            if let usable = usable(at: now) { return usable }
            await withCheckedContinuation { waiting.append($0) }
        }
        isRunning = true
        defer {
            isRunning = false
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
        do throws(KubernetesError) {
            return try await renew()
        } catch {
            guard error.code != .cancelled, let old = usable(at: time.date()) else { throw error }
            issued?.renewal = time.date() + Self.pause
            return old
        }
    }

    /// The old credential, while it has not ended and was not refused.
    private func usable(at now: Timestamp) -> PluginAnswer? {
        guard let issued, !issued.isRejected, let expiry = issued.answer.expiry, now < expiry else { return nil }
        return issued.answer
    }

    private func renew() async throws(KubernetesError) -> PluginAnswer {
        let started = time.date()
        var spec: [String: JSONValue] = ["interactive": false]
        if plugin.wantsClusterInfo { spec["cluster"] = cluster.json }
        let info: JSONValue = [
            "apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": .object(spec),
        ]
        var environment = inherited.merging(plugin.environment) { _, own in own }
        environment["KUBERNETES_EXEC_INFO"] = info.canonicalText
        let program = ProgramRunner.Program(
            command: plugin.command,
            arguments: plugin.arguments,
            environment: environment,
            timeout: Self.timeout,
            maximumOutput: Self.maximumOutput
        )
        let outcome: ProgramRunner.Outcome
        do throws(KubernetesError) {
            outcome = try await programs.run(program)
        } catch {
            if error.code == .cancelled { throw error }
            let hint = plugin.installHint.isEmpty ? "" : "; \(plugin.installHint)"
            throw KubernetesError(error.code, "\(plugin.origin): \(error.message)\(hint)", underlying: error)
        }
        guard outcome.status == 0 else {
            throw KubernetesError(
                .configuration,
                "\(plugin.origin): \(plugin.command) failed (\(outcome.end)): \(outcome.lastWords)"
            )
        }
        let answer = try PluginAnswer(parsing: outcome.output, for: plugin)
        var renewal: Timestamp?
        if let expiry = answer.expiry {
            let life = expiry.microseconds - started.microseconds
            guard life > 0 else {
                throw KubernetesError(
                    .configuration,
                    "\(plugin.origin): \(plugin.command) issued a credential that ended at \(expiry); check the clock"
                )
            }
            renewal = Timestamp(microseconds: started.microseconds + life / 4 * 3)
        }
        issued = Issued(answer: answer, renewal: renewal)
        return answer
    }
}
