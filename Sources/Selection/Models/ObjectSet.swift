/// How the objects of a model are looked at.
public struct ObjectSetRules: Sendable, Hashable {
    /// How completeness is known.
    public var complete: CompletenessRule
    /// Which files count; not asked where there are fixed names.
    public var files: FileFilter
    /// The paths that make up the model, where it has fixed names; empty where `files` says.
    public var fixedNames: Set<String>
    /// The name of the object that proves what the files are, a manifest or a signature, where one is wanted. It is no
    /// file of the model, and another one makes another version.
    public var proof: String?

    /// Rules of known parts.
    public init(
        complete: CompletenessRule,
        files: FileFilter = .all,
        fixedNames: Set<String> = [],
        proof: String? = nil
    ) {
        self.complete = complete
        self.files = files
        self.fixedNames = fixedNames
        self.proof = proof
    }
}

/// The files of one version of a model, summed up while a listing streams by: what is held does not grow with the
/// number of files (but for fixed names, which are few).
public struct ObjectSet: Sendable, Hashable {
    /// A file and when it was written.
    public struct Stamp: Sendable, Hashable {
        /// Its path, relative to the root of the model.
        public var path: String
        /// When it was written, by the source's clock.
        public var modified: UnixMilliseconds
    }

    /// The name of the version as it is listed, with its final slash (`41/`); empty for a set of fixed names.
    public let name: String
    /// How many files count.
    public private(set) var files = 0
    /// Their bytes; saturates.
    public private(set) var bytes: Int64 = 0
    /// The file that was written last; of several, the one that is first by bytes.
    public private(set) var newest: Stamp?
    /// The marker or manifest, where it is there.
    public private(set) var control: BlobObject?
    /// The summary of the files and of the manifest. The marker is left out: writing it again changes no file.
    public private(set) var fingerprint = Fingerprint()
    /// Those of the fixed names that were seen.
    private var seen: Set<String> = []

    /// A set without files.
    public init(name: String = "") { self.name = name }

    /// Takes note of an object; `path` is relative to the root of the model. Placeholders of directories, whose path
    /// is empty or ends with a slash, are no files. A file that is listed twice is counted twice: listings have each
    /// key once.
    public mutating func add(_ object: BlobObject, path: String, by rules: ObjectSetRules) {
        if path == rules.complete.controlName {
            control = object
            if case .manifest = rules.complete {
                fingerprint.insert(path: path, size: object.size, etag: object.etag)
            }
            return
        }
        if path == rules.proof {
            fingerprint.insert(path: path, size: object.size, etag: object.etag)
            return
        }
        guard !path.isEmpty, !path.hasSuffix("/") else { return }
        if rules.fixedNames.isEmpty {
            guard rules.files.selects(path) else { return }
        } else {
            guard rules.fixedNames.contains(path), seen.insert(path).inserted else { return }
        }
        files += 1
        let (sum, overflow) = bytes.addingReportingOverflow(max(0, object.size))
        bytes = overflow ? .max : sum
        fingerprint.insert(path: path, size: object.size, etag: object.etag)
        let isNewer = newest.map { last in
            object.modified > last.modified
                || (object.modified == last.modified && path.utf8.lexicographicallyPrecedes(last.path.utf8))
        }
        if isNewer ?? true { newest = Stamp(path: path, modified: object.modified) }
    }

    /// When the last of its objects was written: the time of the version as a candidate.
    public var modified: UnixMilliseconds? {
        switch (newest?.modified, control?.modified) {
        case (let file?, let control?): max(file, control)
        case (let file, let control): file ?? control
        }
    }

    /// Whether the version is complete at `now`, by the source's clock where that is known (a `Date` header), else by
    /// ours. Where `settle` has not passed, `lookAgainAt` says when it will have.
    public func completeness(by rules: ObjectSetRules, now: UnixMilliseconds) -> Completeness {
        let missing = rules.fixedNames.subtracting(seen)
        if !missing.isEmpty { return .incomplete(Incompleteness(missing: Array(missing))) }
        switch rules.complete {
        case .marker(let name):
            guard let newest else { return .incomplete(Incompleteness(.noFiles)) }
            guard let control else { return .incomplete(Incompleteness(.markerMissing(name))) }
            // Equal times are fine: some sources count whole seconds, and an upload is followed by its marker.
            guard control.modified >= newest.modified else {
                return .incomplete(Incompleteness(.markerOlder(name, than: newest.path)))
            }
            return .complete
        case .manifest(let name):
            return control == nil ? .incomplete(Incompleteness(.manifestMissing(name))) : .needsManifest
        case .settle(let length):
            guard let newest else { return .incomplete(Incompleteness(.noFiles)) }
            let until = newest.modified.adding(max(0, length))
            guard until <= now else {
                return .incomplete(Incompleteness(.settling(newest.path), lookAgainAt: until))
            }
            return .complete
        }
    }
}
