import ArgumentParser
import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Asks for an earlier release in place of the one that runs.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Puts an earlier release back in place of the one that runs.",
        discussion: """
            Sets the annotation modelapp.dev/rollback, which names both releases; the spec stays as it is, so nothing in \
            Git undoes it. The operator applies the earlier release byte for byte, in or out of windows, and holds it until \
            something newer than what was rolled back comes, or modelapp resume.
            """
    )

    @OptionGroup var reference: ModelAppReference

    @Option(
        help: ArgumentHelp(
            "The release to put back, or the beginning of its id. Default: the last that ran on all pods before the "
                + "current one.",
            valueName: "id"
        )
    )
    var to: String?

    func run() async throws {
        try await reference.withModelApp("rollback") { session, client, app in
            let observation = try await session.observe(app)
            guard let current = observation.current else { throw CommandError("nothing runs yet: there is no release") }
            let latest = app.status.model?.latest?.digest
            let target: StoredRelease
            do throws(RollbackRequest.Refusal) {
                if let to {
                    target = try observation.release(beginningWith: to)
                    try RollbackRequest.check(target, in: current, latestModel: latest)
                } else {
                    target = try RollbackRequest.defaultTarget(
                        observation.releases,
                        before: current,
                        latestModel: latest
                    )
                }
            } catch {
                throw CommandError("\(error)")
            }
            let request = RollbackRequest(
                from: current.release.id,
                target: target.release.id,
                mark: TimeSource.system.date().rfc3339
            )
            try await client.annotate(app, Keys.rollback, request.text)
            StandardOutput.write(
                "\(current.release.name) is rolled back to \(target.release.name)\n"
                    + "It stays until something newer comes; modelapp resume \(app.metadata.name) ends that.\n"
            )
        }
    }
}

extension Release {
    /// The release for people.
    var name: String { "release \(id) (code \(code.tag) + model \(model.version))" }
}

extension Observation {
    /// The one release whose id begins with `prefix`.
    func release(beginningWith prefix: String) throws(RollbackRequest.Refusal) -> StoredRelease {
        let found = releases.filter { $0.release.id.hasPrefix(prefix) }
        switch found.count {
        case 1: return found[0]
        case 0: throw .init(description: "no release \(prefix) is kept; modelapp history lists those that are")
        default: throw .init(description: "\(prefix) begins the ids of \(found.count) releases; write more of it")
        }
    }
}
