import ArgumentParser
import AsyncHTTPTransport
import HTTPTransport
import JSON
import ModelAppAPI
import ModelAppController
import ReleasePlanning

/// Fetches a model into a folder: what the init container of a release runs.
struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetches one version of a model into a folder, all of it or nothing.",
        discussion: """
            The version must still have the digest. The folder appears at the end, by one rename: it must not exist, or \
            be empty. Interrupted, run it again: it continues. Reads credentials from the environment, by the names that \
            a Secret has them (AZURE_STORAGE_KEY, AWS_ACCESS_KEY_ID, ...), or with --identity by those of the clouds' own \
            tools. Exit status: 0 the folder is there, 1 it is \
            not, 130 or 143 interrupted.
            """
    )

    @Option(help: ArgumentHelp("The model source as JSON: spec.model without auth.", valueName: "json"))
    var source: String

    @Option(help: ArgumentHelp("The version.", valueName: "name"))
    var modelVersion: String

    @Option(help: ArgumentHelp("The digest that the version must have.", valueName: "digest"))
    var digest: String

    @Option(help: ArgumentHelp("The folder that appears.", valueName: "path"))
    var to: String

    @Option(help: ArgumentHelp("The most that the model may have, such as 20Gi.", valueName: "size"))
    var sizeLimit: String?

    @Option(
        help: ArgumentHelp(
            "Version ids of objects that are overwritten in place, by their names, as JSON. Their bytes are read, whatever "
                + "is there now.",
            valueName: "json"
        )
    )
    var objectVersions: String?

    @Option(
        help: ArgumentHelp(
            "The object of the version that lists its files with their sha256. The digest is that of the list, and each "
                + "file must be as it says.",
            valueName: "name"
        )
    )
    var manifest: String?

    @Option(
        help: ArgumentHelp(
            "The object of the version that lists its files, as an OpenSSF Model Signing bundle. Who signed it is not "
                + "verified here: the digest is that of the list.",
            valueName: "name"
        )
    )
    var signature: String?

    @Option(
        help: ArgumentHelp(
            "Opens the store as the pod's own identity at a cloud, azure or aws, instead of by keys.",
            valueName: "cloud"
        )
    )
    var identity: String?

    @Option(
        help: ArgumentHelp(
            "Keys to a registry of models, as Docker's config has them. A file that is not there holds none.",
            valueName: "path"
        )
    )
    var registryConfig: String?

    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) that the store's is checked against, instead of the system's.",
            valueName: "path"
        )
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "A host that may see credentials besides the provider's own. Repeatable.",
            valueName: "host[:port]"
        )
    )
    var allowEndpoint: [String] = []

    func run() async throws {
        let model: ModelSource
        do {
            model = try ModelSource(json: JSONValue(parsing: source))
        } catch {
            throw ValidationError("--source: \(error)")
        }
        var order = ModelFetcher.Order(source: model, version: modelVersion, digest: digest, folder: to)
        if let sizeLimit {
            guard let bytes = SizeQuantity.bytes(sizeLimit) else {
                throw ValidationError("--size-limit must be like 20Gi, not \"\(sizeLimit)\"")
            }
            order.sizeLimit = bytes
        }
        if let objectVersions {
            do {
                order.objectVersions = try [String: String](parsing: Array(objectVersions.utf8))
            } catch {
                throw ValidationError("--object-versions: \(error)")
            }
        }
        guard manifest == nil || signature == nil else {
            throw ValidationError("--manifest and --signature exclude each other")
        }
        order.proof = signature.map { .signature($0) } ?? manifest.map { .manifest($0) }
        if let identity {
            guard let provider = CloudProvider(rawValue: identity) else {
                throw ValidationError("--identity must be azure or aws, not \"\(identity)\"")
            }
            order.identity = provider
        }
        let trust = try TLSTrust.chosen(model.tls, file: caFile)
        var keys = StoreKeys.ofEnvironment(for: model)
        if model.oci != nil {
            // Keys of stores that lie in the environment of a shell are none to a registry.
            let config = try registryConfig.map { try RegistryKeys.text($0) } ?? "{}"
            if let config { keys[".dockerconfigjson"] = config }
        }
        // The pod's own Secret and source were put together by the operator, which checked the pair.
        let endpoint = model.ownHosts
        let pool = ClientPool()
        let access = SourceAccess(
            transport: { trust in try pool.transport(TransportSettings(trust: trust)) },
            allowedEndpoints: allowEndpoint + endpoint,
            clouds: try CloudAccess.ofProcess(pool: pool, tenants: .everyone),
            random: Chance.unit
        )
        let terminal = FetchTerminal(isTerminal: StandardOutput.isTerminal)
        let fetcher = ModelFetcher(
            access: access,
            time: .system,
            reportingEvery: terminal.interval,
            terminal.show
        )
        let status = await untilSignal { [order, known = keys] () async -> ExitCode in
            do throws(ModelFetcher.Failure) {
                try await fetcher.fetch(order, keys: known, trust: trust)
                return .success
            } catch {
                StandardError.write(terminal.text(of: .line(error.description)))
                return .failure
            }
        }
        await pool.shutdown()
        if status != .success { throw status }
    }
}

/// How reports of a fetch are shown: on a terminal one line that is written over, elsewhere a line every few seconds.
struct FetchTerminal: Sendable {
    /// Whether standard output is one.
    let isTerminal: Bool

    /// How often progress is worth saying.
    var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }

    /// Writes a report.
    func show(_ report: FetchReport) { StandardOutput.write(text(of: report)) }

    /// The bytes of a report. `ESC [ K` clears the rest of a line (ECMA-48, EL).
    func text(of report: FetchReport) -> String {
        switch report {
        case .line(let text): isTerminal ? "\r\u{1B}[K\(text)\n" : "\(text)\n"
        case .progress(let text): isTerminal ? "\r\u{1B}[K\(text)" : "\(text)\n"
        }
    }
}
