/// How it is known that all files of a model are there.
public enum CompletenessRule: Sendable, Hashable {
    /// An object of this name, written last, says so: it must be there, and no file may be newer.
    case marker(String)
    /// An object of this name lists the files: all of them must be there with their sizes.
    case manifest(String)
    /// No file was written for this long. Holds for uploads whose gaps are shorter.
    case settle(Milliseconds)

    /// The name of the object that is asked, which is itself no file of the model.
    public var controlName: String? {
        switch self {
        case .marker(let name), .manifest(let name): name
        case .settle: nil
        }
    }
}

/// Whether all files of a model are there.
public enum Completeness: Sendable, Hashable {
    /// They are.
    case complete
    /// They are not, or not yet.
    case incomplete(Incompleteness)
    /// The manifest is there and must be read to tell: `Completeness.ofManifest(_:listed:)`.
    case needsManifest
}

/// Why a model is not complete.
public struct Incompleteness: Sendable, Hashable {
    /// What is missing.
    public enum Reason: Sendable, Hashable {
        /// There is no file that counts.
        case noFiles
        /// These files are missing; `more` others too.
        case filesMissing([String], more: Int)
        /// There is no marker of this name.
        case markerMissing(String)
        /// The marker of this name was written before this file: an upload over it is under way.
        case markerOlder(String, than: String)
        /// There is no manifest of this name.
        case manifestMissing(String)
        /// The manifest cannot be used, for this reason.
        case manifestInvalid(String)
        /// A file has another size than the manifest says.
        case sizeDiffers(String, listed: Int64, manifest: Int64)
        /// This file was written less than `settle` ago.
        case settling(String)
        /// It was not the same when it was looked at a second time.
        case changing
    }

    /// What is missing.
    public var reason: Reason
    /// When time alone may complete the model; nil where that takes an upload.
    public var lookAgainAt: UnixMilliseconds?

    /// An incompleteness.
    public init(_ reason: Reason, lookAgainAt: UnixMilliseconds? = nil) {
        self.reason = reason
        self.lookAgainAt = lookAgainAt
    }

    /// The reason in words.
    public var sentence: String {
        switch reason {
        case .noFiles: return "it has no files"
        case .filesMissing(let names, let more):
            let rest = more > 0 ? " and \(more) more" : ""
            return "missing \(names.map(\.quoted).joined(separator: ", "))\(rest)"
        case .markerMissing(let name): return "the marker \(name.quoted) is missing"
        case .markerOlder(let name, let file): return "\(file.quoted) is newer than the marker \(name.quoted)"
        case .manifestMissing(let name): return "the manifest \(name.quoted) is missing"
        case .manifestInvalid(let why): return "the manifest cannot be used: \(why.withoutControls)"
        case .sizeDiffers(let file, let listed, let manifest):
            return "\(file.quoted) has \(listed) bytes, and \(manifest) by the manifest"
        case .changing: return "it changes while it is read"
        case .settling(let file):
            let until = lookAgainAt.map { " until \($0.rfc3339)" } ?? ""
            return "\(file.quoted) was written just now; waiting for the upload to settle\(until)"
        }
    }
}
