import FoundationEssentials

/// A folder that goes with the process that made it.
enum TemporaryFolder {
    /// Makes a new folder that only this user can read.
    static func make(_ name: String) throws -> String {
        let root = FileManager.default.temporaryDirectory.path
        let path = root + "/\(name)-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        return path
    }

    /// Writes a file, readable as `mode` says.
    static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// Removes the folder with all that is in it.
    static func remove(_ path: String) {
        // Nothing depends on it: what cannot be removed goes with the system's own temporary files.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Base64 for kubeconfigs and Secrets.
enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
