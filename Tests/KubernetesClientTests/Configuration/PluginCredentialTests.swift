import Artifacts
import HTTPTransport
import JSON
import KubernetesClient
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PluginCredentialTests {
    /// A plugin that answers from a closure and remembers how it was run.
    private final class Plugin: Sendable {
        let runs = Mutex<[ProgramRunner.Program]>([])
        let answer: @Sendable (Int) async throws(KubernetesError) -> ProgramRunner.Outcome

        init(_ answer: @escaping @Sendable (Int) async throws(KubernetesError) -> ProgramRunner.Outcome) {
            self.answer = answer
        }

        var count: Int { runs.withLock { $0.count } }
        var runner: ProgramRunner {
            ProgramRunner { program throws(KubernetesError) in
                let run = self.runs.withLock { runs in
                    runs.append(program)
                    return runs.count
                }
                return try await self.answer(run)
            }
        }
    }

    private static let start = Timestamp(seconds: 1_767_225_600)

    private static func output(_ status: String, version: String = "v1") -> ProgramRunner.Outcome {
        let text =
            #"{"apiVersion":"client.authentication.k8s.io/\#(version)","kind":"ExecCredential","status":\#(status)}"#
        return ProgramRunner.Outcome(status: 0, output: Array(text.utf8))
    }

    private static func token(
        _ token: String,
        lifetime: Duration? = nil,
        from date: Timestamp = start
    ) -> ProgramRunner.Outcome {
        let expiry = lifetime.map { #","expirationTimestamp":"\#(date + $0)""# } ?? ""
        return output(#"{"token":"\#(token)"\#(expiry)}"#)
    }

    private func load(
        _ plugin: Plugin,
        clock: TestClock = TestClock(),
        exec: String = "interactiveMode: Never",
        version: String = "v1"
    ) async throws -> ClusterConfiguration {
        let user =
            "exec:\n  apiVersion: client.authentication.k8s.io/\(version)\n  command: login\n  "
            + exec.replacing("\n", with: "\n  ")
        let text = Fixture.kubeconfig(
            cluster: """
                server: https://h
                certificate-authority-data: \(Fixture.certificateData)
                extensions:
                - {name: client.authentication.k8s.io/exec, extension: {audience: x}}
                """,
            user: user
        )
        let sources = Fixture.sources(
            ["/k/config": text],
            environment: ["PATH": "/bin", "REGION": "old"],
            programs: plugin.runner,
            time: clock.timeSource(startingAt: Self.start)
        )
        return try await ClusterConfiguration.load(kubeconfig: "/k/config", from: sources)
    }

    @Test func tokenWithoutEndIsKeptUntilRefused() async throws {
        let plugin = Plugin { run throws(KubernetesError) in Self.token("t\(run)") }
        let clock = TestClock()
        let configuration = try await load(plugin, clock: clock)
        clock.advance(by: .seconds(1_000_000))
        #expect(try await configuration.credential.authorization() == "Bearer t1")
        await configuration.credential.invalidate()
        #expect(try await configuration.credential.authorization() == "Bearer t2")
        #expect(plugin.count == 2)
    }

    @Test func tokenIsRenewedAfterThreeQuartersOfItsLife() async throws {
        let plugin = Plugin { run throws(KubernetesError) in Self.token("t\(run)", lifetime: .seconds(1000 * run)) }
        let clock = TestClock()
        let configuration = try await load(plugin, clock: clock)
        clock.advance(by: .seconds(749))
        #expect(try await configuration.credential.authorization() == "Bearer t1")
        clock.advance(by: .seconds(1))
        #expect(try await configuration.credential.authorization() == "Bearer t2")
    }

    @Test func failedRenewalKeepsTheOldTokenUntilItsEnd() async throws {
        let plugin = Plugin { run throws(KubernetesError) in
            run == 1 ? Self.token("t1", lifetime: .seconds(1000)) : ProgramRunner.Outcome(status: 1)
        }
        let clock = TestClock()
        let configuration = try await load(plugin, clock: clock)
        clock.advance(by: .seconds(800))
        #expect(try await configuration.credential.authorization() == "Bearer t1")
        #expect(try await configuration.credential.authorization() == "Bearer t1")
        #expect(plugin.count == 2)
        clock.advance(by: .seconds(10))
        #expect(try await configuration.credential.authorization() == "Bearer t1")
        #expect(plugin.count == 3)
        clock.advance(by: .seconds(190))
        await #expect(throws: KubernetesError.self) { try await configuration.credential.authorization() }
    }

    @Test func refusedTokenIsNotUsedAgain() async throws {
        let plugin = Plugin { run throws(KubernetesError) in
            run == 1 ? Self.token("t1", lifetime: .seconds(1000)) : ProgramRunner.Outcome(status: 1)
        }
        let configuration = try await load(plugin)
        await configuration.credential.invalidate()
        await #expect(throws: KubernetesError.self) { try await configuration.credential.authorization() }
    }

    @Test func manyCallersRunTheProgramOnce() async throws {
        let clock = TestClock()
        let plugin = Plugin { run throws(KubernetesError) in
            if run > 1 { do { try await clock.sleep(until: clock.now + .seconds(1), tolerance: nil) } catch {} }
            return Self.token("t\(run)")
        }
        let configuration = try await load(plugin, clock: clock)
        await configuration.credential.invalidate()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await configuration.credential.authorization() } }
            await clock.waitForSleepers()
            clock.advance(by: .seconds(1))
            for try await header in group { #expect(header == "Bearer t2") }
        }
        #expect(plugin.count == 2)
    }

    @Test func programGetsArgumentsEnvironmentAndClusterInfo() async throws {
        let plugin = Plugin { _ throws(KubernetesError) in Self.token("t") }
        let exec = """
            args: [get-token, "--x=$HOME"]
            env: [{name: REGION, value: new}]
            provideClusterInfo: true
            interactiveMode: IfAvailable
            """
        _ = try await load(plugin, exec: exec)
        let program = try #require(plugin.runs.withLock { $0.first })
        #expect(program.command == "login")
        #expect(program.arguments == ["get-token", "--x=$HOME"])
        #expect(program.environment["REGION"] == "new")
        #expect(program.environment["PATH"] == "/bin")
        let info = try JSONValue(parsing: program.environment["KUBERNETES_EXEC_INFO"] ?? "")
        #expect(
            info == [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://h", "certificate-authority-data": .string(Fixture.certificateData),
                        "config": ["audience": "x"],
                    ],
                ],
            ]
        )
    }

    @Test func clusterInfoIsGivenOnlyWhereAskedFor() async throws {
        let plugin = Plugin { _ throws(KubernetesError) in Self.output(#"{"token":"t"}"#, version: "v1beta1") }
        _ = try await load(plugin, exec: "args: []", version: "v1beta1")
        let info = plugin.runs.withLock { $0.first?.environment["KUBERNETES_EXEC_INFO"] } ?? ""
        #expect(try JSONValue(parsing: info)["spec"] == ["interactive": false])
    }

    @Test func certificateOfThePluginIsTheClientsIdentity() async throws {
        let status: JSONValue = [
            "clientCertificateData": .string(Fixture.certificate), "clientKeyData": .string(Fixture.key),
        ]
        let changed: JSONValue = [
            "clientCertificateData": .string(Fixture.certificate + "\n"), "clientKeyData": .string(Fixture.key),
        ]
        let plugin = Plugin { run throws(KubernetesError) in Self.output((run < 3 ? status : changed).canonicalText) }
        let configuration = try await load(plugin)
        #expect(configuration.clientIdentity?.keyPEM == Array(Fixture.key.utf8))
        await configuration.credential.invalidate()
        #expect(try await configuration.credential.authorization() == nil)
        await configuration.credential.invalidate()
        let error = await #expect(throws: KubernetesError.self) { try await configuration.credential.authorization() }
        #expect(error?.message.contains("restart") == true)
    }

    @Test(arguments: [
        (#"{"token":5}"#, "status.token that is not a string"), (#"{}"#, "neither a token nor a certificate"),
        ("null", "has no status"), (#"{"token":"a b"}"#, "a space or control character"),
        (#"{"token":"s3cret","expirationTimestamp":"soon"}"#, "is not RFC 3339"),
        (#"{"token":"s3cret","expirationTimestamp":"2020-01-01T00:00:00Z"}"#, "check the clock"),
        (#"{"clientCertificateData":"x"}"#, "only one of"), ("{", "is not JSON"),
        (#"{"clientCertificateData":"x","clientKeyData":"y"}"#, "not PEM"),
    ])
    func outputThatIsNoCredentialIsRefused(status: String, message: String) async {
        let plugin = Plugin { _ throws(KubernetesError) in Self.output(status) }
        let error = await #expect(throws: KubernetesError.self) { try await load(plugin) }
        #expect(error?.message.contains(message) == true)
        #expect(error?.message.contains("s3cret") == false)
        #expect(error?.message.hasPrefix("/k/config: users[u].user.exec") == true)
    }

    @Test func otherVersionInTheOutputIsRefused() async {
        let plugin = Plugin { _ throws(KubernetesError) in Self.output(#"{"token":"t"}"#, version: "v1beta1") }
        let error = await #expect(throws: KubernetesError.self) { try await load(plugin) }
        #expect(error?.message.contains("another apiVersion") == true)
    }

    @Test func failureShowsTheProgramsLastWords() async {
        let plugin = Plugin { _ throws(KubernetesError) in
            ProgramRunner.Outcome(status: 3, diagnostics: Array("please\n\u{1B}[31mlog in".utf8))
        }
        let error = await #expect(throws: KubernetesError.self) { try await load(plugin) }
        #expect(error?.message.hasSuffix("login failed (exit status 3): please [31mlog in") == true)
    }

    @Test func missingProgramShowsTheInstallHint() async {
        let plugin = Plugin { _ throws(KubernetesError) in
            throw KubernetesError(.configuration, "the program login is not installed")
        }
        let error = await #expect(throws: KubernetesError.self) {
            try await load(plugin, exec: "interactiveMode: Never\ninstallHint: brew install login")
        }
        #expect(error?.message.hasSuffix("the program login is not installed; brew install login") == true)
    }

    @Test(arguments: [
        ("interactiveMode: Always", "v1", "needs a terminal"), ("args: []", "v1", "interactiveMode: must be set"),
        ("interactiveMode: Some", "v1", "known are Never"), ("args: [1]", "v1beta1", "args[0]: must be a string"),
        ("env: [{value: x}]", "v1beta1", "env[0]: must have a name"), ("args: []", "v1alpha1", "apiVersion: must be"),
    ])
    func mistakesInThePluginsEntryAreNamed(exec: String, version: String, message: String) async {
        let plugin = Plugin { _ throws(KubernetesError) in Self.token("t") }
        let error = await #expect(throws: KubernetesError.self) { try await load(plugin, exec: exec, version: version) }
        #expect(error?.message.contains(message) == true)
        #expect(plugin.count == 0)
    }
}
