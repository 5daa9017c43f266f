import Foundation

/// A Python script whose answers are compared with ours.
///
/// The folder of a virtual environment that has its packages is in `MODELAPP_TEST_VENV`; without it the tests that need
/// it are skipped, unless `CI` is `true`.
public struct PythonOracle: Sendable {
    private let script: String

    /// An oracle that reads the JSON file `sys.argv[1]` and writes the JSON file `sys.argv[2]`.
    public init(_ script: String) { self.script = script }

    private static let environment = ProcessInfo.processInfo.environment

    /// Whether oracles can be asked or have to be. Evaluated once, so that the reason is printed once.
    public static let isAvailable: Bool = {
        if environment["MODELAPP_TEST_VENV"] != nil || environment["CI"] == "true" { return true }
        print("Comparisons with Python's libraries are skipped: MODELAPP_TEST_VENV names no virtual environment")
        return false
    }()

    /// What went wrong.
    public struct Failure: Error, CustomStringConvertible {
        /// For the person who runs the tests.
        public let description: String
    }

    /// The answer to `question`.
    public func ask<Question: Encodable, Answer: Decodable>(_ question: Question, _: Answer.Type) throws -> Answer {
        guard let venv = Self.environment["MODELAPP_TEST_VENV"] else {
            throw Failure(description: "with CI=true the oracle is required: set MODELAPP_TEST_VENV")
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let paths = ["oracle.py", "question.json", "answer.json"].map { folder.appendingPathComponent($0) }
        try Data(script.utf8).write(to: paths[0])
        try JSONEncoder().encode(question).write(to: paths[1])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: venv).appendingPathComponent("bin/python")
        process.arguments = paths.map(\.path)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "the oracle ended with \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Answer.self, from: Data(contentsOf: paths[2]))
    }
}
