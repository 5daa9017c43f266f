import Foundation
import JSON
import Testing

/// `modelapp plan` and `modelapp why` against the demo's cluster.
@Suite("plan and why", .timeLimit(.minutes(3)))
struct PlanProgramTests {
    /// Calls the program beside a demo.
    private struct Caller {
        let demo: RunningProgram
        let kubeconfig: String

        func callAsFunction(_ arguments: String...) async throws -> Program.Result {
            try await Program.run(
                arguments + ["--allow-endpoint", "127.0.0.1"],
                environment: ["KUBECONFIG": kubeconfig]
            )
        }
    }

    /// The tutorial's ModelApp as the demo applies it: with the addresses of this machine.
    private func localTutorial(_ json: JSONValue) throws -> String {
        let path = Program.repository + "/manifests/examples/tutorial.yaml"
        var lines: [String] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            lines.append(String(line).replacing("acrforblog.azurecr.io", with: json["registry"]?.string ?? ""))
            if line.contains("image:") { lines.append("    tls: {plainHTTP: true}") }
            if line.contains("account:") { lines.append("      endpoint: \(json["blob"]?["url"]?.string ?? "")") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The ModelApp with an adopted target in place of its own.
    private static func adopting(_ text: String, _ name: String) throws -> String {
        let start = try #require(text.range(of: "    own:\n"))
        let end = try #require(text.range(of: "    service:\n"))
        return text.replacingCharacters(
            in: start.lowerBound..<end.lowerBound,
            with: "    adopt: {name: \(name)}\n"
        )
    }

    @Test func theExitStatusSaysWhetherThereIsSomethingToDo() async throws {
        let demo = try RunningProgram(["demo", "--keep", "--output", "json"])
        let json = try JSONValue(parsing: try await demo.firstLine())
        let call = Caller(demo: demo, kubeconfig: json["kubeconfig"]?.string ?? "")
        let folder = try TestFolder()
        let text = try localTutorial(json)
        let file = try folder.write(text, to: "app.yaml")
        do {
            let deadline = ContinuousClock.now + .seconds(40)
            var inStep = try await call("plan", "-f", file)
            while inStep.status != 0, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(300))
                inStep = try await call("plan", "-f", file)
            }
            #expect(inStep.status == 0 && inStep.output.contains("nothing to do"), "\(inStep)")

            let changed = try folder.write(
                text.replacing("containerPort: 88", with: "containerPort: 89"),
                to: "changed.yaml"
            )
            #expect(try folder.text("changed.yaml") != text)
            let plan = try await call("plan", "-f", changed)
            #expect(plan.status == 2 && plan.output.contains("apply"), "\(plan)")
            let json = try await call("plan", "-f", changed, "-o", "json")
            #expect(json.status == 2)
            #expect(try JSONValue(parsing: json.output)["steps"]?.array?.isEmpty == false)
            let yaml = try await call("plan", "-f", changed, "-o", "yaml")
            #expect(yaml.status == 2 && yaml.output.contains("steps:"))
            let diff = try await call("plan", "-f", changed, "--diff")
            #expect(diff.status == 2 && diff.output.contains("+++ "), "\(diff)")
            #expect(diff.output.contains("containerPort: 89"))
            // Nothing of that was done.
            #expect(try await call("plan", "-f", file).status == 0)

            // Another Deployment, and the one that the ModelApp of the cluster owns.
            for (name, reason) in [("nosuch", "DeploymentNotFound"), ("image-classifier", "AlreadyClaimed")] {
                let adopting = try folder.write(Self.adopting(text, name), to: "adopt.yaml")
                let obstacle = try await call("plan", "-f", adopting)
                #expect(obstacle.status == 1 && obstacle.output.contains(reason), "\(obstacle)")
            }

            // The registry is not allowed: nobody knows whether there is something to do.
            let refused = try folder.write(text.replacing("127.0.0.1:", with: "127.0.0.2:"), to: "refused.yaml")
            let unknown = try await call("plan", "-f", refused)
            #expect(unknown.status == 1 && unknown.output.contains("spec.code"), "\(unknown)")

            let why = try await call("why", "prod/image-classifier")
            #expect(why.status == 0 && why.output.contains("1041 is the latest that counts"), "\(why)")
            let none = try await call("why", "nosuch")
            #expect(none.status == 1)
            #expect(none.errors == "Error: there is no ModelApp nosuch in namespace prod\n")
        } catch {
            Issue.record(error)
        }
        demo.signal(SIGTERM)
        #expect(try await demo.status(within: .seconds(10)) == 0)
    }
}
