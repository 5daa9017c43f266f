import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import Triggers

/// Prints where webhooks for a ModelApp are received.
struct HookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Prints the path at which the operator takes webhooks for a ModelApp.",
        discussion: """
            Whoever knows the path still has to prove that he knows the token in the Secret. Reads the Secret with your own \
            rights. The path changes with the token.
            """
    )

    @Argument(help: "The ModelApp: name or namespace/name.")
    var name: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The namespace.", valueName: "name"))
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "Where --webhook-address is reached from outside; printed before the path.",
            valueName: "url"
        )
    )
    var url: String?

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if namespace != nil, name.contains("/") {
            throw ValidationError("the namespace is given twice: in \(name) and with --namespace")
        }
        if let url, HTTPURL(url)?.query != nil || HTTPURL(url) == nil {
            throw ValidationError("--url must be like https://hooks.example.org, not \"\(url)\"")
        }
    }

    func run() async throws {
        let logger = Logger(label: "hook") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        try await ClientPool.with { pool in
            let client = try await cluster.client(pool: pool, time: .system, logger: logger)
            let path = try await Self.path(of: key(client.configuration.defaultNamespace), client)
            StandardOutput.write((url ?? "").trimmingSlashes + path.description + "\n")
        }
    }

    private func key(_ usual: String) -> ObjectKey {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        return ObjectKey(namespace: parts.count == 2 ? parts[0] : namespace ?? usual, name: parts.last ?? name)
    }

    /// The path for a ModelApp. Throws with the field, the Secret and what to do.
    static func path(of key: ObjectKey, _ client: Client) async throws -> HookPath {
        guard let app = try await client.get(ModelApp.self, key) else {
            throw CommandError("there is no ModelApp \(key.name) in namespace \(key.namespace)")
        }
        let field = "spec.triggers.webhook.secretRef"
        guard let name = app.spec.triggers?.webhook?.secretRef.name else {
            throw CommandError("ModelApp \(key) takes no webhooks; name a Secret in \(field)")
        }
        guard let secret = try await client.get(Secret.self, ObjectKey(namespace: key.namespace, name: name)) else {
            throw CommandError(
                "\(field): there is no Secret \(name) in namespace \(key.namespace); make it with kubectl create secret "
                    + "generic \(name) -n \(key.namespace) --from-literal=token=$(openssl rand -hex 32)"
            )
        }
        do throws(HookTokenError) {
            let token = try HookToken(secret.data[HookToken.key].flatMap(Base64.decode))
            return HookPath(token, namespace: key.namespace, name: name)
        } catch {
            throw CommandError("\(field): Secret \(name) \(error.message)")
        }
    }
}

extension String {
    /// The text without slashes at its end.
    fileprivate var trimmingSlashes: String {
        var text = self[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}
