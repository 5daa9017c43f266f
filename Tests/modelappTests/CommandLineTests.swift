import Foundation
import Testing

/// What the command line promises scripts: where texts go, and exit statuses.
@Suite("The command line", .timeLimit(.minutes(3)))
struct CommandLineTests {
    static let commands = [
        "operator", "demo", "plan", "why", "simulate", "history", "rollback", "resume", "release-now", "approve",
        "unquarantine", "hook", "crd", "fetch", "verify", "package", "gc", "version",
    ]

    @Test(arguments: commands)
    func everyCommandHasHelpAndIsDocumented(command: String) async throws {
        let result = try await Program.run([command, "--help"])
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(result.output.hasPrefix("OVERVIEW: "))
        let reference = try String(contentsOfFile: Program.repository + "/docs/reference/cli.md", encoding: .utf8)
        #expect(reference.contains("modelapp \(command)"))
        for match in result.output.matches(of: /\n  (?:-[a-z], )?(--[a-z-]+)/) where match.1 != "--version" {
            if match.1 != "--help" { #expect(reference.contains(match.1), "\(match.1) of \(command)") }
        }
    }

    @Test func theListOfCommandsIsTheOneThatIsTested() async throws {
        let help = try await Program.run(["--help"]).output
        let listed = help.split(separator: "SUBCOMMANDS:").last?.matches(of: /\n  ([a-z-]+)[ ]/).map { String($0.1) }
        #expect(Set(listed ?? []) == Set(Self.commands))
    }

    @Test func theVersionIsPrintedInBothWays() async throws {
        let first = try await Program.run(["--version"])
        let second = try await Program.run(["version"])
        #expect(first.status == 0 && second.status == 0)
        #expect(first.output == second.output && first.output.contains(/^[0-9]+\.[0-9]+\.[0-9]+\n$/))
    }

    @Test(arguments: [["bogus"], ["plan"], ["plan", "-f", "x", "--output", "xml"], ["demo", "--output", "json"]])
    func aWrongCommandLineIs64WithTheUsage(arguments: [String]) async throws {
        let result = try await Program.run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("Error: ") && result.errors.contains("Usage: "))
    }

    @Test func aKubeconfigThatCannotBeReadIsNamedWithItsLine() async throws {
        let folder = try TestFolder()
        let bad = try folder.write("kind: Config\nclusters:\n- name: a\n   cluster: {}\n", to: "bad.yaml")
        let result = try await Program.run(["why", "x", "--kubeconfig", bad])
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.errors.hasPrefix("Error: \(bad): line 4, column "), "\(result.errors)")
        #expect(!result.errors.contains("Usage"))
    }

    @Test func anUnreachableServerIsAnErrorAndNoCrash() async throws {
        let folder = try TestFolder()
        let kubeconfig = try folder.write(
            """
            kind: Config
            current-context: a
            clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]
            contexts: [{name: a, context: {cluster: a}}]
            """,
            to: "kubeconfig"
        )
        let result = try await Program.run(["why", "x", "--kubeconfig", kubeconfig])
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.errors.contains("127.0.0.1:1"), "\(result.errors)")
    }

    @Test func withoutAClusterWhySaysWhereItLooked() async throws {
        let result = try await Program.run(["why", "x"])
        #expect(result.status == 1)
        #expect(result.errors.contains("why needs a cluster") && result.errors.contains(".kube/config"))
    }

    @Test func aManifestWithMistakesNamesEachField() async throws {
        let folder = try TestFolder()
        let file = try folder.write(
            """
            apiVersion: modelapp.dev/v1alpha1
            kind: ModelApp
            metadata: {name: x}
            spec:
              code: {image: a/b, select: {numerical: {}}, typo: 1}
              model: {s3: {bucket: models}, azureBlob: {account: abc, container: models}, objects: [a]}
              target: {own: {template: {}}}
            """,
            to: "app.yaml"
        )
        let result = try await Program.run(["plan", "-f", file, "--offline"])
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.errors.contains("spec.code.typo: unknown field"))
        #expect(result.errors.contains("spec.model: only one of azureBlob, s3, oci, mlflow may be set"))
    }

    @Test func theDefinitionIsPrinted() async throws {
        let result = try await Program.run(["crd"])
        let file = Program.repository + "/crds/modelapps.modelapp.dev.yaml"
        #expect(result.status == 0)
        #expect(try result.output == String(contentsOfFile: file, encoding: .utf8))
    }
}
