import Foundation
import Synchronization
public import Testing

/// A program of the machine that a test drives.
public struct Tool: Sendable {
    /// The program's file.
    public let path: String

    /// The program of a file.
    public init(path: String) { self.path = path }

    /// Nil where it is not installed.
    /// - Parameter path: the folders to look in, separated by colons; `PATH` where none are given.
    public static func find(_ name: String, in path: String? = nil) -> Tool? {
        let folders = (path ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }.map(
            Tool.init(path:)
        )
    }

    /// Whether tests with this program run: where it is there, and in CI always, so that they fail if it is not.
    public static func runs(_ name: String) -> Bool { find(name) != nil || isCI }

    /// Whether this is continuous integration, where nothing may be left out.
    public static var isCI: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// A Python that has `module`: `MODELAPP_TEST_PYTHON`, or `python3`.
    public static func python(with module: String) async throws -> Tool? {
        let named = ProcessInfo.processInfo.environment["MODELAPP_TEST_PYTHON"].map(Tool.init(path:))
        for tool in [named, find("python3")].compactMap({ $0 }) {
            if try await tool.run(["-c", "import \(module)"]).status == 0 { return tool }
        }
        return nil
    }

    /// Whether tests with a Python module run: where it is there, and in CI always.
    public static func pythonRuns(_ module: String) async throws -> Bool {
        if isCI { return true }
        return try await python(with: module) != nil
    }

    /// What became of a program.
    public struct Result: Sendable {
        /// How it ended.
        public var status: Int32
        /// What it wrote to both of its outputs.
        public var output: String
    }

    /// Runs the program to its end and returns what it wrote to both of its outputs.
    /// - Parameter input: what it reads from its standard input.
    public func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String? = nil
    ) async throws -> Result {
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
        if let input {
            // A file and not a pipe: a program that ends without reading must not leave us writing.
            try folder.write(input, to: "input")
            process.standardInput = FileHandle(forReadingAtPath: folder.path + "/input")
        } else {
            process.standardInput = FileHandle.nullDevice
        }
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
    public func run(_ arguments: [String], until mark: String) async throws -> String {
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
    public func succeed(
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
