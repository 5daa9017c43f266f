import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import HTTPTransport
import JSON
import KubernetesAPI
import Logging
import ModelAppAPI
import ReleasePlanning

/// Says what a policy would have released in the past.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Says what the ModelApps in a file would have released in the past.",
        discussion: """
            Reads the tags and the model files that are there now, with the times of their pushes and uploads, and lets the \
            operator's own decisions run on a clock of the past. Changes nothing. It says what cannot be known: what was \
            deleted or overwritten since, and pushes whose time the registry does not tell.
            """
    )

    /// What is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A file of ModelApps, YAML or JSON; - for standard input.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var file: String

    @Option(help: ArgumentHelp("How far back: 90d, 36h.", valueName: "duration"))
    var since = "90d"

    @Option(name: .shortAndLong, help: "The form of the list.")
    var output = Output.text

    @Flag(help: "Read no Secret.")
    var offline = false

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    @OptionGroup var cluster: ClusterOptions

    func validate() throws { _ = try period() }

    /// A Go duration, or whole days.
    private func period() throws -> Duration {
        if since.hasSuffix("d"), let days = Int64(since.dropLast()), (1...3660).contains(days) {
            return .seconds(days * 86_400)
        }
        guard let period = try? Duration(goText: since), period > .zero else {
            throw ValidationError("--since takes a length of time such as 90d or 36h, at most 3660d, and is \(since)")
        }
        return period
    }

    func run() async throws {
        let logger = Logger(label: "simulate") {
            var handler = StreamLogHandler.standardError(label: $0); handler.logLevel = .error; return handler
        }
        let period = try period()
        let apps = try ManifestFile.modelApps(file)
        try await ClientPool.with { pool in
            let session = try await Inspection.open(
                cluster,
                offline: offline,
                pool: pool,
                allowing: allowEndpoint,
                logger: logger
            )
            let end = TimeSource.system.date()
            for app in apps {
                let (record, zones) = try await session.record(of: app)
                let simulation = PolicySimulation(of: app, record, zones: zones)
                let text: SimulationText
                do throws(FieldProblem) {
                    let result = try simulation.run(from: end - period, to: end)
                    text = SimulationText(app: app, start: end - period, end: end, result: result)
                } catch {
                    throw CommandError(error.description)
                }
                StandardOutput.write(output == .json ? text.json.prettyText : text.text)
            }
        }
    }
}

/// A simulation for people and for programs.
struct SimulationText {
    let app: ModelApp
    let start: Timestamp
    let end: Timestamp
    let result: PolicySimulation.Result

    var text: String {
        var text = "ModelApp \(app.metadata.name) from \(start) to \(end)\n"
        let rows = result.entries.map { entry in
            [entry.at.rfc3339, entry.code, entry.model, entry.cause, Self.waited(entry)]
        }
        text += TextTable(header: ["WHEN", "CODE", "MODEL", "WHY", "WAITED"], rows: rows).text
        if let waiting = result.waiting {
            text += "code \(waiting.code) + model \(waiting.model) waits: \(Self.waited(waiting))\n"
        }
        text += "\nNot known:\n" + result.unknown.map { "- \($0)\n" }.joined()
        return text
    }

    private static func waited(_ entry: PolicySimulation.Entry) -> String {
        entry.waitedFor.isEmpty ? "-" : "\(entry.waited.goText) for \(entry.waitedFor)"
    }

    var json: JSONValue {
        var json: [String: JSONValue] = [
            "modelApp": .string(app.metadata.name), "from": .string(start.rfc3339), "to": .string(end.rfc3339),
            "releases": .array(result.entries.map(Self.json)), "notKnown": .array(result.unknown.map { .string($0) }),
        ]
        json["waiting"] = result.waiting.map(Self.json)
        return .object(json)
    }

    private static func json(_ entry: PolicySimulation.Entry) -> JSONValue {
        var json: [String: JSONValue] = [
            "at": .string(entry.at.rfc3339), "code": .string(entry.code), "model": .string(entry.model),
        ]
        if !entry.cause.isEmpty { json["cause"] = .string(entry.cause) }
        if !entry.waitedFor.isEmpty {
            json["waitedFor"] = .string(entry.waitedFor)
            json["waitedSeconds"] = .integer(entry.waited.components.seconds)
        }
        return .object(json)
    }
}
