import ArgumentParser
import AsyncHTTPTransport
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI

/// Which ModelApp of which cluster a command is about.
struct ModelAppReference: ParsableArguments {
    @Argument(help: "The ModelApp: name or namespace/name.")
    var name: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The namespace.", valueName: "name"))
    var namespace: String?

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if namespace != nil, name.contains("/") {
            throw ValidationError("the namespace is given twice: in \(name) and with --namespace")
        }
    }

    /// Lends the ModelApp and a look into its cluster to `body`.
    /// - Parameters:
    ///   - command: the command, for messages.
    ///   - hosts: local hosts that may be contacted.
    func withModelApp(
        _ command: String,
        allowing hosts: [String] = [],
        _ body: (Inspection, Client, ModelApp) async throws -> Void
    ) async throws {
        let logger = Logger(label: command) {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        try await ClientPool.with { pool in
            let session = try await Inspection.open(
                cluster,
                offline: false,
                pool: pool,
                allowing: hosts,
                logger: logger
            )
            guard let client = session.client else {
                throw CommandError("\(command) needs a cluster: \(session.offlineReason)")
            }
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            let key = ObjectKey(
                namespace: parts.count == 2 ? parts[0] : namespace ?? session.defaultNamespace,
                name: parts.last ?? name
            )
            guard let app = try await session.modelApp(key) else {
                throw CommandError("there is no ModelApp \(key.name) in namespace \(key.namespace)")
            }
            try await body(session, client, app)
        }
    }
}

extension Client {
    /// Sets an annotation of a ModelApp as the person who runs the command; nil removes it.
    func annotate(_ app: ModelApp, _ annotation: String, _ value: String?) async throws {
        try await patch(
            ModelApp.resource,
            app.key,
            ["metadata": ["annotations": [annotation: value.map { .string($0) } ?? .null]]],
            fieldManager: FieldManager("modelapp-cli")
        )
    }
}
