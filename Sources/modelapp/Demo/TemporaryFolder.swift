import FoundationEssentials
import Glibc

/// A folder that goes with the process that made it.
enum TemporaryFolder {
    /// Makes a new folder that only this user can read, in `$TMPDIR` or else /tmp. Throws naming the folder and the reason.
    static func make(_ name: String) throws -> String {
        let given = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let root = given.isEmpty ? "/tmp" : given
        var template = Array("\(root)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            let reason = String(cString: strerror(errno))
            throw CommandError(
                "no folder can be made in \(root): \(reason); set TMPDIR to a folder that can be written"
            )
        }
        return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Writes a file, readable as `mode` says.
    static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        } catch {
            throw CommandError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Removes the folder with all that is in it.
    static func remove(_ path: String) {
        // Nothing depends on it: what cannot be removed goes with the system's own temporary files.
        try? FileManager.default.removeItem(atPath: path)
    }
}
