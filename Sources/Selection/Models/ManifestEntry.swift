/// A file as a manifest lists it.
public struct ManifestEntry: Sendable, Hashable {
    /// Its path, relative to the root of the model.
    public var path: String
    /// The sha256 of its bytes: 64 lower-case hexadecimal digits.
    public var sha256: String
    /// Its size in bytes, where the manifest says.
    public var size: Int64?

    /// An entry as parsed; `Completeness.ofManifest` checks it.
    public init(path: String, sha256: String, size: Int64? = nil) {
        self.path = path
        self.sha256 = sha256
        self.size = size
    }

    /// What is wrong with the entry; nil if nothing is. A path must stay below the root, so it has no empty, `.` or
    /// `..` segment, no backslash and no control character.
    var defect: String? {
        let isHex = sha256.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard sha256.utf8.count == 64, isHex else { return "\(path.quoted) has no sha256 of 64 hexadecimal digits" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        guard isPlain, !path.contains("\\"), !path.hasControlCharacters, path.utf8.count <= KeyPrefix.maximumBytes
        else {
            return "\(path.quoted) is not a path below the model's root"
        }
        if let size, size < 0 { return "\(path.quoted) has a negative size" }
        return nil
    }
}

extension Completeness {
    /// The most entries a manifest may have.
    public static let maximumManifestEntries = 100_000

    /// Whether everything a manifest lists is there. `listed` holds the sizes of the files by their paths, relative to
    /// the root of the model. Files that the manifest does not list do no harm: they do not belong to the model.
    public static func ofManifest(_ entries: [ManifestEntry], listed: [String: Int64]) -> Completeness {
        func invalid(_ why: String) -> Completeness { .incomplete(Incompleteness(.manifestInvalid(why))) }
        guard !entries.isEmpty else { return invalid("it lists no files") }
        guard entries.count <= maximumManifestEntries else {
            return invalid("it lists more than \(maximumManifestEntries) files")
        }
        var paths: Set<String> = []
        for entry in entries {
            if let defect = entry.defect { return invalid(defect) }
            guard paths.insert(entry.path).inserted else { return invalid("it lists \(entry.path.quoted) twice") }
        }
        let missing = entries.filter { listed[$0.path] == nil }.map(\.path)
        if !missing.isEmpty { return .incomplete(Incompleteness(missing: missing)) }
        for entry in entries {
            guard let wanted = entry.size, let actual = listed[entry.path], wanted != actual else { continue }
            return .incomplete(Incompleteness(.sizeDiffers(entry.path, listed: actual, manifest: wanted)))
        }
        return .complete
    }
}

extension Incompleteness {
    /// Missing files, of which the first five are named.
    init(missing: [String]) {
        self.init(.filesMissing(Array(missing.sorted().prefix(5)), more: max(0, missing.count - 5)))
    }
}
