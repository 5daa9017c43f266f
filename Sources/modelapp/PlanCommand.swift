import ArgumentParser
import AsyncHTTPTransport
import FoundationEssentials
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Selection

/// Says what the operator would do about a ModelApp in a file.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what the operator would do about the ModelApps in a file.",
        discussion: """
            Resolves code and model as the operator would, compares with the cluster, and prints the steps. Changes \
            nothing. Exit status: 0 nothing to do, 2 there is something to do, 1 an error.
            """
    )

    /// What is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case yaml
    }

    @Option(name: .shortAndLong, help: ArgumentHelp("A file of ModelApps, YAML or JSON.", valueName: "file"))
    var file: String

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = Output.text

    @Flag(help: "Compare with nothing, and read no Secret.")
    var offline = false

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    @Option(help: ArgumentHelp("The operator's --fetch-image.", valueName: "image"))
    var fetchImage: String?

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let logger = Logger(label: "plan") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        let pool = ClientPool()
        let session = try await Inspection.open(
            cluster,
            offline: offline,
            pool: pool,
            allowing: allowEndpoint,
            logger: logger
        )
        if session.isOffline { StandardError.write("comparing with nothing: \(session.offlineReason)\n") }
        var changes = false
        for app in try ManifestFile.modelApps(file) {
            let found = try await session.inspect(app)
            let plan = makePlan(
                for: found.observation,
                resolution: found.resolution,
                now: TimeSource.system.date(),
                policy: PlanPolicy(fetchImage: fetchImage)
            )
            changes = changes || !plan.isEmpty
            let document = PlanText(plan: plan, resolution: found.resolution)
            switch output {
            case .text: StandardOutput.write(document.text)
            case .json: StandardOutput.write(document.json.prettyText)
            case .yaml: StandardOutput.write(YAML.text(of: document.json))
            }
        }
        await pool.shutdown()
        if changes { throw ExitCode(2) }
    }
}

/// Explains why a ModelApp runs what it runs.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explains why a ModelApp runs what it runs, and why every other candidate does not."
    )

    @Argument(help: "The ModelApp: name or namespace/name.")
    var name: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The namespace.", valueName: "name"))
    var namespace: String?

    @Option(help: "How many rejected candidates of each half are listed.")
    var limit = 20

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let logger = Logger(label: "why") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        let pool = ClientPool()
        let session = try await Inspection.open(
            cluster,
            offline: false,
            pool: pool,
            allowing: allowEndpoint,
            logger: logger
        )
        guard !session.isOffline else { throw ValidationError("why needs a cluster: \(session.offlineReason)") }
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        let key = ObjectKey(
            namespace: parts.count == 2 ? parts[0] : namespace ?? session.defaultNamespace,
            name: parts.last ?? name
        )
        guard let app = try await session.modelApp(key) else {
            throw ValidationError("there is no ModelApp \(key.name) in namespace \(key.namespace)")
        }
        let found = try await session.inspect(app)
        StandardOutput.write(WhyText(app: app, resolution: found.resolution, limit: limit).text)
        await pool.shutdown()
    }
}
