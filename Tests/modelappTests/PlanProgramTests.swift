import Foundation
import JSON
import Testing

/// `modelapp plan` and `modelapp why` against the demo's cluster.
@Suite("plan and why", .timeLimit(.minutes(3)))
struct PlanProgramTests {
    /// The ModelApp with an adopted target in place of its own.
    private static func adopting(_ text: String, _ name: String) throws -> String {
        let start = try #require(text.range(of: "    own:\n"))
        let end = try #require(text.range(of: "    service:\n"))
        return text.replacingCharacters(
            in: start.lowerBound..<end.lowerBound,
            with: "    adopt: {name: \(name)}\n"
        )
    }

    /// The ModelApp with a container that reads the store: nothing has to be made before its Deployment is applied.
    private static func referring(_ text: String) throws -> String {
        let start = try #require(text.range(of: "    mode: Baked\n"))
        let end = try #require(text.range(of: "  target:\n"))
        return text.replacingCharacters(in: start.lowerBound..<end.lowerBound, with: "    mode: Reference\n")
    }

    @Test func theExitStatusSaysWhetherThereIsSomethingToDo() async throws {
        let demo = try RunningProgram(["demo", "--keep", "--output", "json"])
        let json = try JSONValue(parsing: try await demo.firstLine())
        let call = DemoCaller(json)
        let folder = try TestFolder()
        let text = try call.tutorial()
        let file = try folder.write(text, to: "app.yaml")
        do {
            let inStep = try await call.until {
                try await call.withSources("plan", "-f", file)
            } _: {
                $0.status == 0
            }
            #expect(inStep.status == 0 && inStep.output.contains("nothing to do"), "\(inStep)")

            let edited = text.replacing("containerPort: 88", with: "containerPort: 89")
            #expect(edited != text)
            let waiting = try folder.write(edited, to: "waiting.yaml")
            let baking = try await call.withSources("plan", "-f", waiting)
            #expect(baking.status == 2 && baking.output.contains("+ bake") && !baking.output.contains("apply"))
            let changed = try folder.write(try Self.referring(edited), to: "changed.yaml")
            let plan = try await call.withSources("plan", "-f", changed)
            #expect(plan.status == 2 && plan.output.contains("apply"), "\(plan)")
            let json = try await call.withSources("plan", "-f", changed, "-o", "json")
            #expect(json.status == 2)
            #expect(try JSONValue(parsing: json.output)["steps"]?.array?.isEmpty == false)
            let yaml = try await call.withSources("plan", "-f", changed, "-o", "yaml")
            #expect(yaml.status == 2 && yaml.output.contains("steps:"))
            let diff = try await call.withSources("plan", "-f", changed, "--diff")
            #expect(diff.status == 2 && diff.output.contains("+++ "), "\(diff)")
            #expect(diff.output.contains("containerPort: 89"))
            // Nothing of that was done.
            #expect(try await call.withSources("plan", "-f", file).status == 0)

            // Another Deployment, and the one that the ModelApp of the cluster owns.
            for (name, reason) in [("nosuch", "DeploymentNotFound"), ("image-classifier", "AlreadyClaimed")] {
                let adopting = try folder.write(Self.adopting(text, name), to: "adopt.yaml")
                let obstacle = try await call.withSources("plan", "-f", adopting)
                #expect(obstacle.status == 1 && obstacle.output.contains(reason), "\(obstacle)")
            }

            // The registry is not allowed: nobody knows whether there is something to do.
            let refused = try folder.write(text.replacing("127.0.0.1:", with: "127.0.0.2:"), to: "refused.yaml")
            let unknown = try await call.withSources("plan", "-f", refused)
            #expect(unknown.status == 1 && unknown.output.contains("spec.code"), "\(unknown)")

            let why = try await call.withSources("why", "prod/image-classifier")
            #expect(why.status == 0 && why.output.contains("1041 is the latest that counts"), "\(why)")
            let none = try await call.withSources("why", "nosuch")
            #expect(none.status == 1)
            #expect(none.errors == "Error: there is no ModelApp nosuch in namespace prod\n")
        } catch {
            Issue.record(error)
        }
        demo.signal(SIGTERM)
        #expect(try await demo.status(within: .seconds(10)) == 0)
    }
}
