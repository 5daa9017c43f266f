import Logging
import Synchronization

/// Keeps every line that an operator logs, with its metadata.
final class LogCollector: Sendable {
    private let collected = Mutex<[String]>([])

    /// What was logged since the start.
    var lines: [String] { collected.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "operator") { _ in Handler(collector: self) }
        logger.logLevel = .trace
        return logger
    }

    private func add(_ line: String) { collected.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let collector: LogCollector
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            collector.add("\(event.level) \(event.message) \(all)")
        }
    }
}
