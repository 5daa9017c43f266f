import ArgumentParser
import AsyncHTTPTransport
import Glibc
import HTTPTransport
import JSON
import ModelAppAPI
import ModelAppController

/// Fetches a model into a folder: what the init container of a release runs.
struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetches one version of a model into a folder, all of it or nothing.",
        discussion: """
            Reads credentials from the environment, by the names that a Secret has them \
            (AZURE_STORAGE_KEY, AWS_ACCESS_KEY_ID, ...). Run again, it continues.
            """
    )

    @Option(help: ArgumentHelp("The model source as JSON: spec.model without auth.", valueName: "json"))
    var source: String

    @Option(help: ArgumentHelp("The version.", valueName: "name"))
    var modelVersion: String

    @Option(help: ArgumentHelp("The digest that the version must have.", valueName: "digest"))
    var digest: String

    @Option(help: ArgumentHelp("The folder.", valueName: "path"))
    var to: String

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
        var keys: [String: String] = [:]
        for name in Self.keyNames {
            if let value = getenv(name) { keys[name] = String(cString: value) }
        }
        // The pod's own Secret and source were put together by the operator, which checked the pair.
        let endpoint = [model.azureBlob?.endpoint, model.s3?.endpoint].compactMap { $0 }.compactMap {
            HTTPURL($0)?.host
        }
        let pool = ClientPool()
        let access = SourceAccess(
            transport: { trust in try pool.transport(TransportSettings(trust: trust)) },
            allowedEndpoints: allowEndpoint + endpoint,
            random: Chance.unit
        )
        let fetcher = ModelFetcher(access: access, time: .system) { StandardOutput.write($0 + "\n") }
        do throws(ModelFetcher.Failure) {
            try await fetcher.fetch(
                .init(source: model, version: modelVersion, digest: digest, folder: to),
                keys: keys
            )
        } catch {
            StandardError.write("\(error)\n")
            await pool.shutdown()
            throw ExitCode.failure
        }
        await pool.shutdown()
    }

    private static let keyNames = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING",
    ]
}
