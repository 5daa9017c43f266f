import ArgumentParser
import ModelAppAPI

/// Explains why a ModelApp runs what it runs.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explains why a ModelApp runs what it runs, and why every other candidate does not."
    )

    @OptionGroup var reference: ModelAppReference

    @Option(help: "How many rejected candidates of each half are listed.")
    var limit = 20

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit must not be negative, and is \(limit)") }
    }

    func run() async throws {
        try await reference.withModelApp("why", allowing: allowEndpoint) { session, _, app in
            let found = try await session.inspect(app)
            StandardOutput.write(WhyText(app: app, resolution: found.resolution, limit: limit).text)
        }
    }
}
