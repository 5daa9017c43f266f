import Foundation
import JSON

/// Calls the program beside a demo that runs.
struct DemoCaller {
    /// Where everything answers, as the demo printed it.
    private let places: JSONValue

    init(_ places: JSONValue) { self.places = places }

    func callAsFunction(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(arguments, environment: ["KUBECONFIG": places["kubeconfig"]?.string ?? ""])
    }

    /// The same with the demo's registry and store, which are local.
    func withSources(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(
            arguments + ["--allow-endpoint", "127.0.0.1"],
            environment: ["KUBECONFIG": places["kubeconfig"]?.string ?? ""]
        )
    }

    /// The tutorial's ModelApp as the demo applies it: with the addresses of this machine.
    func tutorial() throws -> String {
        let path = Program.repository + "/manifests/examples/tutorial.yaml"
        var lines: [String] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            lines.append(String(line).replacing("acrforblog.azurecr.io", with: places["registry"]?.string ?? ""))
            if line.contains("image:") { lines.append("    tls: {plainHTTP: true}") }
            if line.contains("account:") { lines.append("      endpoint: \(places["blob"]?["url"]?.string ?? "")") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Repeats a call until its answer is as wanted; fails after 40 seconds.
    func until(
        _ call: () async throws -> Program.Result,
        _ isWanted: (Program.Result) -> Bool
    ) async throws -> Program.Result {
        let deadline = ContinuousClock.now + .seconds(40)
        while true {
            let result = try await call()
            if isWanted(result) || ContinuousClock.now > deadline { return result }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
