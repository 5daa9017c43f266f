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
        discussion: """
            Nothing is contacted outside of this machine, and nothing is left behind. Exit status: 0 everything \
            converged, 1 something did not, 130 or 143 interrupted before the end of the story.
            """
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

    @Option(
        help: ArgumentHelp("The ModelApp of the story.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var manifest: String?

    func validate() throws {
        if output == .json, !keep { throw ValidationError("--output json prints addresses and needs --keep") }
    }

    func run() async throws {
        var logger = Logger(label: "demo") { StreamLogHandler.standardError(label: $0) }
        // The servers are ended in the middle of watches, which they report as errors.
        logger.logLevel = .critical
        let manifest = try manifest.map { DemoStory.Manifest(name: $0, bytes: try readFile($0)) }
        let cluster = try DemoCluster(logger: logger)
        defer { cluster.removeFiles() }
        let servers = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: cluster.services.map { .init(service: $0) },
                logger: logger
            )
        )
        let story = DemoStory(cluster: cluster, time: .system, tells: output == .text)
        let (keep, output) = (keep, output)
        let ending = try await withThrowingTaskGroup(of: Ending?.self) { tasks in
            tasks.addTask {
                try await servers.run()
                return nil
            }
            tasks.addTask {
                let ending = try await Self.untilSignal {
                    try await story.run(keep: keep, json: output == .json, manifest: manifest)
                }
                // Only now: an operator whose API server has gone would take its time to end.
                await servers.triggerGracefulShutdown()
                return ending
            }
            var found: Ending?
            while let ending = try await tasks.next() { found = ending ?? found }
            return found
        }
        switch ending {
        case .told(let converged)?: if !converged { throw ExitCode.failure }
        case .interrupted(let signal)?: throw ExitCode(128 + signal)
        case nil: throw CommandError("the servers of the demo ended by themselves")
        }
    }

    /// How the story ended.
    private enum Ending: Sendable {
        /// It was told; whether everything converged.
        case told(Bool)
        /// A signal came before its end.
        case interrupted(Int32)
    }

    /// Runs `story` and cancels it when a signal asks for the end; returns once it has cleaned up after itself.
    private static func untilSignal(_ story: @escaping @Sendable () async throws -> Bool) async throws -> Ending {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        return try await withThrowingTaskGroup(of: Ending?.self) { tasks in
            tasks.addTask {
                do {
                    return .told(try await story())
                } catch  where Task.isCancelled {
                    return nil
                }
            }
            tasks.addTask {
                for await signal in signals { return .interrupted(signal.rawValue) }
                return nil
            }
            defer { tasks.cancelAll() }
            let first = try await tasks.next() ?? nil
            tasks.cancelAll()
            var last = first
            // Somebody who ends what --keep keeps has seen the whole story.
            while let ending = try await tasks.next() { if case .told? = ending { last = ending } }
            return last ?? .told(false)
        }
    }
}
