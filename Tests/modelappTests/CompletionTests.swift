import Foundation
import Testing

/// The completion scripts, read by the shells they are for.
@Suite("Shell completion", .timeLimit(.minutes(2)))
struct CompletionTests {
    private static func isThere(_ shell: String) -> Bool { path(shell) != nil }

    private static func path(_ shell: String) -> String? {
        ["/bin/", "/usr/bin/", "/usr/local/bin/"].map { $0 + shell }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func complete(_ shell: String, _ test: String) async throws -> Program.Result {
        let script = try await Program.run(["--generate-completion-script", shell])
        #expect(script.status == 0 && script.errors.isEmpty)
        let folder = try TestFolder()
        let file = try folder.write(script.output, to: "modelapp.\(shell)")
        let path = try #require(Self.path(shell))
        return try await Program.run(["-c", test.replacing("FILE", with: file)], at: path)
    }

    @Test func bashCompletesCommandsOptionsAndValues() async throws {
        // What the shell itself does on Tab: the words and the cursor, and the function that fills COMPREPLY.
        let result = try await complete(
            "bash",
            """
            source FILE
            tab() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
                "$(complete -p modelapp | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" modelapp "${@: -1}" "${@: -2:1}"
                echo "${COMPREPLY[@]}"; }
            tab modelapp ""
            tab modelapp plan --o
            tab modelapp plan --output ""
            """
        )
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3, "\(result.output)\(result.errors)")
        for command in CommandLineTests.commands { #expect(lines.first?.contains(command) == true) }
        #expect(lines.dropFirst().first?.contains("--output") == true)
        #expect(lines.last.map { Set($0.split(separator: " ")) } == ["text", "json", "yaml"])
    }

    @Test(.enabled(if: isThere("zsh"), "zsh is not installed"))
    func zshTakesItsScript() async throws {
        let result = try await complete(
            "zsh",
            "autoload -U compinit && compinit -D -u && source FILE && whence _modelapp"
        )
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("_modelapp"))
    }

    @Test(.enabled(if: isThere("fish"), "fish is not installed"))
    func fishCompletesCommands() async throws {
        let result = try await complete(
            "fish",
            "source FILE; complete -C 'modelapp '; complete -C 'modelapp plan --of'"
        )
        #expect(result.status == 0, "\(result.errors)")
        for command in CommandLineTests.commands { #expect(result.output.contains(command)) }
        #expect(result.output.contains("--offline"))
    }
}
