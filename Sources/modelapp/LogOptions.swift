public import ArgumentParser
import Artifacts
import HTTPTransport
import JSON
public import Logging

/// How a command logs.
struct LogOptions: ParsableArguments {
    /// The forms of a log line.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(help: "The form of log lines: text or json.")
    var logFormat = Format.text

    @Option(help: "The least level that is logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    /// A logger that writes to standard error.
    func makeLogger(label: String) -> Logger {
        let (format, level) = (logFormat, logLevel)
        return Logger(label: label) { label in
            switch format {
            case .text:
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = level
                return handler
            case .json: return JSONLogHandler(label: label, logLevel: level)
            }
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Writes one JSON object a line, as log collectors like it.
struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [String: JSONValue] = [
            "ts": .string(TimeSource.system.date().rfc3339Micro), "level": .string(event.level.rawValue),
            "logger": .string(label), "msg": .string("\(event.message)"),
        ]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) where members[key] == nil
        {
            members[key] = .string("\(value)")
        }
        StandardError.write(JSONValue.object(members).canonicalText + "\n")
    }
}
