import Foundation
import Testing

/// A real control plane that one test has for itself, for faults that others would not bear.
///
/// Starting one takes about ten seconds. Suites that do are `.enabled(if: TestPeer.ownControlPlane.isExpected, ...)`.
public struct OwnControlPlane: Sendable {
    /// Where `scripts/envtest` keeps it.
    public let folder: String
    /// An administrator's kubeconfig.
    public var kubeconfig: String { folder + "/kubeconfig" }

    /// The root of the repository.
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Runs `body` on a new control plane and ends that.
    public static func with(_ body: (OwnControlPlane) async throws -> Void) async throws {
        // Beside the shared one, where scripts/test ends whatever a killed test has left.
        let neighbour = URL(fileURLWithPath: try TestPeer.ownControlPlane.require())
        let name = "own-" + String(UInt32.random(in: .min ... .max), radix: 36)
        let plane = OwnControlPlane(folder: neighbour.deletingLastPathComponent().appendingPathComponent(name).path)
        try await plane.envtest("start", plane.folder)
        let result: Result<Void, any Error>
        do {
            try await body(plane)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await plane.envtest("stop")
        try result.get()
    }

    /// Runs `scripts/envtest` on this control plane.
    public func envtest(_ arguments: String...) async throws {
        let script = Tool(path: Self.root + "/scripts/envtest")
        let result = try await script.run(arguments, environment: ["ENVTEST_DIR": folder])
        try #require(result.status == 0, "envtest \(arguments.joined(separator: " ")): \(result.output)")
    }

    /// Lets etcd forget how things were.
    public func compact() async throws {
        let command = try String(contentsOfFile: folder + "/etcd.command", encoding: .utf8)
        let url = try #require(command.firstMatch(of: #/--listen-client-urls=(http://[0-9.:]+)/#)?.1)
        let status = try await post("\(url)/v3/maintenance/status", "{}")
        // "revision":"123" of the answer's header: etcd's gateway writes 64-bit numbers as text.
        let revision = try #require(status.firstMatch(of: #/"revision":"([0-9]+)"/#)?.1, "\(status)")
        let answer = try await post("\(url)/v3/kv/compaction", #"{"revision": "\#(revision)"}"#)
        try #require(answer.contains("header"), "\(answer)")
    }

    private func post(_ url: String, _ body: String) async throws -> String {
        let curl = try #require(Tool.find("curl"), "curl is not installed")
        return try await curl.run(["-sS", "-m", "10", "-d", body, url]).output
    }
}
