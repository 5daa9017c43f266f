import ArgumentParser
import HTTPTransport
import JSON
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a cluster, a registry and a blob store in this process, and the operator as a child.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows the whole story on this machine: an embedded cluster, a registry, a blob store, the operator.",
        discussion: "Nothing is contacted outside of this machine, and nothing is left behind."
    )

    /// What is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Flag(help: "Leave everything running after the story, until Ctrl-C.")
    var keep = false

    @Option(help: "text tells the story; json prints where everything answers, and needs --keep.")
    var output = Output.text

    @Option(help: ArgumentHelp("The ModelApp of the story.", valueName: "file"))
    var manifest: String?

    func validate() throws {
        if output == .json, !keep { throw ValidationError("--output json prints addresses and needs --keep") }
    }

    func run() async throws {
        var logger = Logger(label: "demo") { StreamLogHandler.standardError(label: $0) }
        // The servers are ended in the middle of watches, which they report as errors.
        logger.logLevel = .critical
        let cluster = try DemoCluster(logger: logger)
        defer { cluster.removeFiles() }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: cluster.services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: logger
            )
        )
        let (keep, output, manifest) = (keep, output, manifest)
        let converged = try await withThrowingTaskGroup(of: Bool?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                let story = DemoStory(cluster: cluster, time: .system, tells: output == .text)
                return try await story.run(keep: keep, json: output == .json, manifest: manifest)
            }
            var result: Bool?
            while let answer = try await tasks.next() {
                if let answer {
                    result = answer
                    await group.triggerGracefulShutdown()
                } else {
                    // A signal ended the servers; the story ends with them.
                    tasks.cancelAll()
                }
            }
            return result ?? true
        }
        if !converged { throw ExitCode.failure }
    }
}
