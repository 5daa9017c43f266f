import Artifacts
import Crypto
import JSON

/// What an MLflow registry says of one version of a model.
public struct MLflowModelVersion: Sendable, Hashable {
    /// The registered model.
    public var model: String
    /// The version: a positive number, as text.
    public var version: String
    /// When it was registered, in milliseconds since 1970.
    public var createdAt: Int64
    /// Whether its files are all there: `READY`.
    public var status: String
    /// Where its files came from, and the run they came from.
    public var source: String
    private var run: String

    /// Reads the `model_version` of an answer; nil where it is none.
    init?(_ json: JSONValue?) {
        guard let json, let model = json["name"]?.string, let version = Self.number(json["version"]),
            version.utf8.count <= 18, version.utf8.allSatisfy({ (0x30...0x39).contains($0) }), version.first != "0"
        else { return nil }
        self.model = model
        self.version = version
        createdAt = json["creation_timestamp"].flatMap { Self.number($0) }.flatMap { Int64($0) } ?? 0
        // Registries that copy no files leave it out: what they list is there.
        status = json["status"]?.string ?? "READY"
        source = json["source"]?.string ?? ""
        run = json["run_id"]?.string ?? ""
    }

    /// Whether its files are all there.
    public var isReady: Bool { status == "READY" }

    /// What tells this registration from every other: a version that is deleted and registered anew is another one.
    public var mark: String {
        let parts = [model, version, String(createdAt), source, run]
        return Array(SHA256.hash(data: Array(parts.joined(separator: "\n").utf8)).prefix(16)).hexadecimal
    }

    /// A number that is written as one, or as text (protocol buffers write those of 64 bits so).
    private static func number(_ json: JSONValue?) -> String? {
        json?.string ?? json?.integer.map { String($0) }
    }
}
