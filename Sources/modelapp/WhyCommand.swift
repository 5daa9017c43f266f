import ArgumentParser
import AsyncHTTPTransport
import HTTPTransport
import KubernetesAPI
import Logging
import ModelAppAPI

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

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit must not be negative, and is \(limit)") }
        if namespace != nil, name.contains("/") {
            throw ValidationError("the namespace is given twice: in \(name) and with --namespace")
        }
    }

    func run() async throws {
        let logger = Logger(label: "why") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        try await ClientPool.with { pool in
            let session = try await Inspection.open(
                cluster,
                offline: false,
                pool: pool,
                allowing: allowEndpoint,
                logger: logger
            )
            guard !session.isOffline else { throw CommandError("why needs a cluster: \(session.offlineReason)") }
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            let key = ObjectKey(
                namespace: parts.count == 2 ? parts[0] : namespace ?? session.defaultNamespace,
                name: parts.last ?? name
            )
            guard let app = try await session.modelApp(key) else {
                throw CommandError("there is no ModelApp \(key.name) in namespace \(key.namespace)")
            }
            let found = try await session.inspect(app)
            StandardOutput.write(WhyText(app: app, resolution: found.resolution, limit: limit).text)
        }
    }
}
