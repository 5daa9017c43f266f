import Foundation
import JSON
import Testing

/// The program itself, as it was built beside the tests.
struct Program {
    /// What a run left.
    struct Result: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("modelapp").path

    /// The repository's folder.
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Runs the program to its end. The environment is that of the tests without a cluster, and `environment`.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        at path: String = path
    ) async throws
        -> Result
    {
        let program = try RunningProgram(arguments, environment: environment, at: path)
        let status = try await program.status()
        return Result(status: status, output: program.output, errors: program.errors)
    }
}

/// The program while it runs, with its outputs in files.
final class RunningProgram: Sendable {
    let folder: TestFolder
    private let process: Process

    init(_ arguments: [String], environment: [String: String] = [:], at path: String = Program.path) throws {
        folder = try TestFolder()
        process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment.filter { $0.key != "KUBECONFIG" }
        variables["HOME"] = folder.path
        variables["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try folder.handle("output")
        process.standardError = try folder.handle("errors")
        try process.run()
    }

    var pid: Int32 { process.processIdentifier }
    var output: String { (try? folder.text("output")) ?? "" }
    var errors: String { (try? folder.text("errors")) ?? "" }

    /// Whether it still runs.
    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { kill(pid, number) }

    /// The exit status, once it has ended; after `limit` it is killed, and that is an issue.
    func status(
        within limit: Duration = .seconds(120),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws
        -> Int32
    {
        let deadline = ContinuousClock.now + limit
        while process.isRunning {
            if ContinuousClock.now > deadline {
                Issue.record("it did not end within \(limit): \(errors)", sourceLocation: sourceLocation)
                kill(pid, SIGKILL)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return process.terminationStatus
    }

    /// The first line of the output, once it is whole.
    func firstLine(sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline, process.isRunning {
            let text = output
            if let end = text.firstIndex(of: "\n") { return String(text[..<end]) }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("it printed no line: \(errors)", sourceLocation: sourceLocation)
        return ""
    }

    /// The processes that it started and that still run.
    var children: [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task -> [Int32] in
            let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)
            return (text ?? "").split(separator: " ").compactMap { Int32($0) }
        }
    }
}

/// A folder that is removed when the test ends.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/modelapp-program-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        return "\(path)/\(name)"
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    var contents: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path) } }

    fileprivate func handle(_ name: String) throws -> FileHandle {
        try write("", to: name)
        return try #require(FileHandle(forWritingAtPath: "\(path)/\(name)"))
    }
}
