import Foundation
import JSON
import Testing

/// `modelapp history`, `rollback` and their like, and `simulate`, against the demo's cluster.
@Suite("history, rollback, simulate", .timeLimit(.minutes(3)))
struct ReleaseCommandTests {
    @Test func theHistoryIsListedAndTheCommandsSayWhatTheyDo() async throws {
        let demo = try RunningProgram(["demo", "--keep", "--output", "json"])
        let call = DemoCaller(try JSONValue(parsing: try await demo.firstLine()))
        let app = "prod/image-classifier"
        do {
            let history = try await call.until {
                try await call("history", app)
            } _: {
                $0.output.contains("Converged")
            }
            let lines = history.output.split(separator: "\n").map(String.init)
            #expect(lines.count == 2 && lines.first?.hasPrefix("RELEASE ") == true, "\(history)")
            #expect(lines.last?.contains(/^[0-9a-f]{12} \* +1041 .* First +Converged/) == true, "\(history)")
            let json = try JSONValue(parsing: try await call("history", app, "-o", "json").output)
            let id = try #require(json[0]?["id"]?.string)
            #expect(json[0]?["current"] == true && json[0]?["code"]?["tag"] == "1041")

            let rollback = try await call("rollback", app)
            #expect(rollback.status == 1 && rollback.errors == "Error: no release ran before \(id)\n")
            let same = try await call("rollback", app, "--to", String(id.prefix(5)))
            #expect(same.status == 1 && same.errors == "Error: release \(id) runs already\n")
            let unknown = try await call("rollback", app, "--to", "zz")
            #expect(unknown.errors.contains("no release zz is kept"))

            let resume = try await call("resume", app)
            #expect(resume.status == 1 && resume.errors.contains("nothing holds a release"))
            let unquarantine = try await call("unquarantine", app)
            #expect(unquarantine.errors.contains("nothing of image-classifier is in quarantine"))
            let now = try await call("release-now", app)
            #expect(now.status == 1 && now.errors.contains("no release of image-classifier waits"))
            let named = try await call("release-now", app, "feedfacecafe")
            #expect(named.status == 0 && named.output == "release feedfacecafe may start now\n", "\(named)")
            let approved = try await call("approve", app, "feedfacecafe")
            #expect(approved.status == 0 && approved.output.hasPrefix("release feedfacecafe is approved by "))
            let blank = try await call("approve", app, "feedfacecafe", "--user", "two words")
            #expect(blank.status == 1 && blank.errors.contains("has blanks"))
            let twice = try await call("history", app, "-n", "prod")
            #expect(twice.status == 64 && twice.errors.contains("given twice"))

            let folder = try TestFolder()
            let file = try folder.write(try call.tutorial(), to: "app.yaml")
            let past = try await call.withSources("simulate", "-f", file, "--since", "2d")
            #expect(past.status == 0 && past.output.contains("WHEN") && past.output.contains("Not known:"), "\(past)")
            let document = try await call.withSources("simulate", "-f", file, "-o", "json")
            let releases = try JSONValue(parsing: document.output)["releases"]?.array ?? []
            #expect(releases.last?["code"] == "1041", "\(document)")
            let wrong = try await call("simulate", "-f", file, "--since", "soon")
            #expect(wrong.status == 64 && wrong.errors.contains("--since"))
        } catch {
            Issue.record(error)
        }
        demo.signal(SIGTERM)
        #expect(try await demo.status(within: .seconds(10)) == 0)
    }
}
