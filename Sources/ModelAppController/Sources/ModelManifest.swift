import Artifacts
import Crypto
import JSON
import Selection

/// A model's manifest: `{"files": [{"path": "a.onnx", "sha256": "...", "size": 1}]}`, or `{"a.onnx": "<sha256>"}`.
struct ModelManifest: Sendable {
    /// The files it lists.
    var entries: [ManifestEntry]

    /// The most bytes that are read of one.
    static let maximumBytes = 16 << 20

    /// A list of files.
    init(entries: [ManifestEntry]) { self.entries = entries }

    /// Parses a manifest. Throws with what is wrong.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        let document = try JSONValue(parsing: bytes)
        if let files = document["files"]?.array {
            var entries: [ManifestEntry] = []
            for (index, file) in files.enumerated() {
                guard let path = file["path"]?.string, let sha256 = file["sha256"]?.string else {
                    throw JSONError("needs path and sha256", path: ["files", "[\(index)]"])
                }
                entries.append(ManifestEntry(path: path, sha256: sha256.lowercased(), size: file["size"]?.integer))
            }
            self.entries = entries
            return
        }
        guard let members = document.object else { throw JSONError("is not an object with files") }
        var entries: [ManifestEntry] = []
        for (path, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let sha256 = value.string else { throw JSONError("is not a sha256", path: [path]) }
            entries.append(ManifestEntry(path: path, sha256: sha256.lowercased()))
        }
        self.entries = entries
    }

    /// What the manifest vouches for, independent of its order and layout.
    var digest: String {
        let lines = entries.map { "\($0.sha256)  \($0.path)\n" }.sorted().joined()
        return "sha256:" + Array(SHA256.hash(data: Array(lines.utf8))).hexadecimal
    }
}
