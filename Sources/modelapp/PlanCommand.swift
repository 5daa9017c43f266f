import ArgumentParser
import AsyncHTTPTransport
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ModelAppController
import ReleasePlanning

/// Says what the operator would do about a ModelApp in a file.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what the operator would do about the ModelApps in a file.",
        discussion: """
            Resolves code and model as the operator would, compares with the cluster, and prints the steps. Changes \
            nothing. Exit status: 0 nothing to do, 2 there is something to do, 1 an error or a source that cannot be read.
            """
    )

    /// What is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case yaml
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A file of ModelApps, YAML or JSON; - for standard input.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var file: String

    @Option(name: .shortAndLong, help: "The form of the plan.")
    var output = Output.text

    @Flag(help: "Compare with nothing, and read no Secret.")
    var offline = false

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    @Option(help: ArgumentHelp("The operator's --fetch-image.", valueName: "image"))
    var fetchImage: String?

    @Flag(help: "Ask the API server what each step would change, and print that too. With text only.")
    var diff = false

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if diff, offline { throw ValidationError("--diff asks the API server, which --offline leaves out") }
        if diff, output != .text { throw ValidationError("--diff is for --output text") }
    }

    func run() async throws {
        let logger = Logger(label: "plan") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        let apps = try ManifestFile.modelApps(file)
        let found = try await ClientPool.with { pool in
            let session = try await Inspection.open(
                cluster,
                offline: offline,
                pool: pool,
                allowing: allowEndpoint,
                logger: logger
            )
            if session.isOffline {
                guard !diff else { throw CommandError("--diff needs a cluster: \(session.offlineReason)") }
                StandardError.write("comparing with nothing: \(session.offlineReason)\n")
            }
            var found = Finding.nothingToDo
            for app in apps { found = max(found, try await plan(app, session)) }
            return found
        }
        if found != .nothingToDo { throw ExitCode(found == .somethingToDo ? 2 : 1) }
    }

    /// What comes of a plan, the gravest last.
    private enum Finding: Int, Comparable {
        case nothingToDo
        case somethingToDo
        /// A source could not be read, or the spec cannot be carried out as it is.
        case unresolved

        static func < (left: Finding, right: Finding) -> Bool { left.rawValue < right.rawValue }
    }

    private func plan(_ app: ModelApp, _ session: Inspection) async throws -> Finding {
        let found = try await session.inspect(app)
        let plan = makePlan(
            for: found.observation,
            resolution: found.resolution,
            now: TimeSource.system.date(),
            policy: PlanPolicy(fetchImage: fetchImage)
        )
        let document = PlanText(plan: plan, resolution: found.resolution)
        switch output {
        case .text:
            StandardOutput.write(document.text)
            if diff, let client = session.client {
                StandardOutput.write(try await PlanDifference(client: client).text(plan.steps))
            }
        case .json: StandardOutput.write(document.json.prettyText)
        case .yaml: StandardOutput.write("---\n" + YAML.text(of: document.json))
        }
        let isUnresolved =
            found.resolution.code.failure != nil || found.resolution.model.failure != nil
            || plan.status.conditions.contains { $0.type == "Stalled" && $0.isTrue }
        return isUnresolved ? .unresolved : plan.hasWork ? .somethingToDo : .nothingToDo
    }
}
