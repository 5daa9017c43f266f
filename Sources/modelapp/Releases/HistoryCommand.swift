import ArgumentParser
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Lists what ran, from what the cluster keeps of each release.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the releases of a ModelApp: what ran, why it started, how it ended.",
        discussion: """
            Reads the ControllerRevisions, in which each release is frozen: the history outlives the status. The release \
            that the Deployment carries has a star. spec.rollout.historyLimit says how many are kept.
            """
    )

    /// What is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @OptionGroup var reference: ModelAppReference

    @Option(name: .shortAndLong, help: "The form of the list.")
    var output = Output.text

    func run() async throws {
        try await reference.withModelApp("history") { session, _, app in
            let history = HistoryText(records: try await session.observe(app).history)
            switch output {
            case .text: StandardOutput.write(history.text)
            case .json: StandardOutput.write(history.json.prettyText)
            }
        }
    }
}

/// The history for people and for programs.
struct HistoryText {
    let records: [ReleaseRecord]

    var text: String {
        TextTable(
            header: ["RELEASE", "CODE", "MODEL", "CAUSE", "RESULT", "STARTED", "TOOK", "RESTORABLE"],
            rows: records.map { record in
                let stored = record.stored
                return [
                    stored.release.id + (record.isInPlace ? " *" : ""), stored.release.code.tag,
                    stored.release.model.version, stored.cause, record.result, stored.startedAt,
                    stored.tookSeconds.map { "\($0)s" } ?? "-", stored.release.restorable ? "yes" : "no",
                ]
            }
        ).text
    }

    var json: JSONValue {
        .array(
            records.map { record in
                let (stored, release) = (record.stored, record.stored.release)
                var line: [String: JSONValue] = [
                    "id": .string(release.id), "number": .integer(stored.number), "current": .bool(record.isInPlace),
                    "code": ["tag": .string(release.code.tag), "digest": .string(release.code.digest)],
                    "model": ["version": .string(release.model.version), "digest": .string(release.model.digest)],
                    "image": .string(release.image), "cause": .string(stored.cause), "result": .string(record.result),
                    "startedAt": .string(stored.startedAt), "restorable": .bool(release.restorable),
                ]
                line["convergedAt"] = stored.convergedAt.map { .string($0) }
                line["tookSeconds"] = stored.tookSeconds.map { .integer($0) }
                line["failure"] = stored.failure?.json
                return .object(line)
            }
        )
    }
}
