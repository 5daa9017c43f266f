import Foundation
import KubernetesClient
import Testing

/// Real processes; what they do is over in milliseconds.
@Suite(.timeLimit(.minutes(1)))
struct ProgramRunnerTests {
    private func program(
        _ command: String,
        _ arguments: [String] = [],
        _ environment: [String: String] = [:],
        timeout: Duration = .seconds(20),
        maximumOutput: Int = 1 << 20
    ) -> ProgramRunner.Program {
        ProgramRunner.Program(
            command: command,
            arguments: arguments,
            environment: environment,
            timeout: timeout,
            maximumOutput: maximumOutput
        )
    }

    @Test func outputAndStatusAreReturned() async throws {
        let echo = try await ProgramRunner.system.run(program("echo", ["a  b", "$HOME", "`id`"]))
        #expect(String(decoding: echo.output, as: UTF8.self) == "a  b $HOME `id`\n")
        #expect(echo.status == 0)
        #expect(try await ProgramRunner.system.run(program("false")).status == 1)
    }

    @Test func onlyTheGivenEnvironmentIsPassed() async throws {
        let outcome = try await ProgramRunner.system.run(program("/usr/bin/env", [], ["A": "1", "B": "x=y"]))
        let lines = Set(String(decoding: outcome.output, as: UTF8.self).split(separator: "\n"))
        #expect(lines == ["A=1", "B=x=y"])
    }

    @Test func inputIsEmpty() async throws {
        let outcome = try await ProgramRunner.system.run(program("cat"))
        #expect(outcome == ProgramRunner.Outcome(status: 0))
    }

    @Test func diagnosticsAreKeptApart() async throws {
        let outcome = try await ProgramRunner.system.run(program("sh", ["-c", "echo out; echo err >&2; exit 7"]))
        #expect(
            outcome == ProgramRunner.Outcome(status: 7, output: Array("out\n".utf8), diagnostics: Array("err\n".utf8))
        )
    }

    @Test func signalIsAStatus() async throws {
        #expect(try await ProgramRunner.system.run(program("sh", ["-c", "kill -TERM $$"])).status == 143)
    }

    @Test func missingProgramIsNamed() async {
        let error = await #expect(throws: KubernetesError.self) {
            try await ProgramRunner.system.run(program("no-such-program-here"))
        }
        #expect(error?.message == "the program no-such-program-here is not installed")
    }

    @Test func slowProgramIsKilledWithItsChildren() async {
        let start = ContinuousClock.now
        let error = await #expect(throws: KubernetesError.self) {
            try await ProgramRunner.system.run(
                program("sh", ["-c", "sleep 60 & sleep 60"], timeout: .milliseconds(100))
            )
        }
        #expect(error?.code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func programThatClosesItsOutputIsStillKilled() async {
        let error = await #expect(throws: KubernetesError.self) {
            try await ProgramRunner.system.run(
                program("sh", ["-c", "exec >&- 2>&-; sleep 60"], timeout: .milliseconds(100))
            )
        }
        #expect(error?.code == .timeout)
    }

    @Test func tooMuchOutputEndsTheProgram() async {
        let error = await #expect(throws: KubernetesError.self) {
            try await ProgramRunner.system.run(program("yes", maximumOutput: 1000))
        }
        #expect(error?.message == "yes printed more than 1000 bytes")
    }

    @Test func cancellationKillsTheProgram() async {
        await withTaskGroup(of: KubernetesError?.self) { group in
            group.addTask {
                do throws(KubernetesError) {
                    _ = try await ProgramRunner.system.run(program("sleep", ["60"]))
                    return nil
                } catch {
                    return error
                }
            }
            group.cancelAll()
            #expect(await group.next()??.code == .cancelled)
        }
    }
}

@Suite struct FileReaderTests {
    @Test func missingFileIsNil() throws {
        #expect(try FileReader.system.read("/no/such/file") == nil)
    }

    @Test func folderCannotBeRead() {
        #expect(throws: KubernetesError.self) { try FileReader.system.read("/tmp") }
    }

    @Test func endlessFileIsRefused() {
        let error = #expect(throws: KubernetesError.self) { try FileReader.system.read("/dev/zero") }
        #expect(error?.message.contains("is larger than") == true)
    }

    @Test func contentsAreReadWhole() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("reader-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let contents = Data((0..<50_000).map { UInt8(truncatingIfNeeded: $0) })
        try contents.write(to: URL(fileURLWithPath: path))
        #expect(try FileReader.system.read(path) == Array(contents))
    }
}
