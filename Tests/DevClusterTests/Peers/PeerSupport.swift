import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import Logging
import Synchronization
import TestSupport
import Testing

/// Sends requests to a local service in process.
struct Caller {
    let transport: InProcessTransport
    var headers: HTTPFields = [:]

    init(_ service: any LocalService, headers: HTTPFields = [:]) {
        transport = InProcessTransport(to: service)
        self.headers = headers
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        subscript(name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: HTTPFields = [:],
        _ body: [UInt8]? = nil
    ) async throws -> Answer {
        var all = headers
        for field in fields { all[field.name] = field.value }
        let request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "peer.test:5000",
            path: target,
            headerFields: all
        )
        return try await transport.withResponse(
            to: request,
            body: body.map { .bytes($0) },
            timeouts: .call
        ) { response, chunks in
            Answer(
                status: response.status.code,
                headers: response.headerFields,
                body: try await chunks.collect(upTo: 1 << 30)
            )
        }
    }
}

/// Serves `service` on the loopback interface while `body` runs.
func withServer<Value: Sendable>(
    _ service: any LocalService,
    certificate: DevelopmentCertificate? = nil,
    _ body: @Sendable (HTTPURL) async throws -> Value
) async throws -> Value {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = LoopbackServer(service, certificate: certificate, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let value = try await body(try await server.url())
        group.cancelAll()
        return value
    }
}

/// A folder that is removed when the test ends.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/modelapp-peers-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}

/// A program of the machine that a test drives.
struct Tool {
    let path: String

    /// Nil where it is not installed.
    static func find(_ name: String) -> Tool? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }.map(Tool.init)
    }

    /// Whether tests with this program run: where it is there, and in CI always, so that they fail if it is not.
    static func runs(_ name: String) -> Bool { find(name) != nil || isCI }

    static var isCI: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// A Python that has `module`: `MODELAPP_TEST_PYTHON`, or `python3`.
    static func python(with module: String) async throws -> Tool? {
        let named = ProcessInfo.processInfo.environment["MODELAPP_TEST_PYTHON"].map(Tool.init(path:))
        for tool in [named, find("python3")].compactMap({ $0 }) {
            if try await tool.run(["-c", "import \(module)"]).status == 0 { return tool }
        }
        return nil
    }

    static func pythonRuns(_ module: String) async throws -> Bool {
        if isCI { return true }
        return try await python(with: module) != nil
    }

    struct Result {
        var status: Int32
        var output: String
    }

    /// Runs the program to its end and returns what it wrote to both of its outputs.
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        let folder = try TemporaryFolder()
        let log = folder.path + "/log"
        try Data().write(to: URL(fileURLWithPath: log))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let handle = FileHandle(forWritingAtPath: log)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        let output = FileManager.default.contents(atPath: log) ?? Data()
        return Result(status: status, output: String(decoding: output, as: UTF8.self))
    }

    /// Runs the program until its output contains `mark`, ends it, and returns what it wrote so far.
    func run(_ arguments: [String], until mark: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        let output = Mutex("")
        return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
            pipe.fileHandleForReading.readabilityHandler = { handle in
                let data = handle.availableData
                let isFound = output.withLock { output in
                    output += String(decoding: data, as: UTF8.self)
                    return output.contains(mark)
                }
                if data.isEmpty { handle.readabilityHandler = nil }
                // Not by SIGTERM, which a child started from a thread of Dispatch inherits as blocked.
                if isFound { kill(process.processIdentifier, SIGKILL) }
            }
            process.terminationHandler = { _ in
                pipe.fileHandleForReading.readabilityHandler = nil
                continuation.resume(returning: output.withLock { $0 })
            }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs the program and records an issue unless it succeeds.
    func succeed(
        _ arguments: [String],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await run(arguments, environment: environment)
        if result.status != 0 {
            Issue.record(
                "\(path) \(arguments.first ?? "") ended with \(result.status): \(result.output)",
                sourceLocation: sourceLocation
            )
        }
        return result.output
    }
}
