import ObjectStorage
import Selection

/// The content of a version by what a list says of it.
extension VersionContents {
    /// The files of `files` that a list names. Others beside it do not belong to the model.
    init(_ manifest: ModelManifest, identity: String, _ files: [String: ObjectInfo]) {
        let named = Set(manifest.entries.map(\.path))
        let mine = files.filter { named.contains($0.key) }
        digest = manifest.digest
        self.identity = identity
        completeness = Completeness.ofManifest(manifest.entries, listed: files.mapValues(\.size))
        self.files = mine
        checksums = Dictionary(
            manifest.entries.map { ($0.path, $0.sha256) },
            uniquingKeysWith: { first, _ in first }
        )
        bytes = mine.values.reduce(into: Int64(0)) { $0 = $0.addingReportingOverflow($1.size).partialValue }
    }

    /// The same version by what its proof says.
    /// - Parameter control: the marker or manifest of completeness, which may be signed as well.
    func proven(
        _ proof: ModelProof,
        _ evidence: ObjectInfo?,
        _ control: (path: String, info: ObjectInfo)?,
        _ files: [String: ObjectInfo],
        _ store: any ObjectStore,
        _ judge: ProvenFiles.Judge?
    ) async throws(ScanFailure) -> VersionContents {
        switch try await ProvenFiles.read(proof, evidence, in: store, judge: judge) {
        case .refused(let why):
            var refused = self
            refused.refusal = why
            return refused
        case .proven(let proven):
            var files = files
            if let control, proven.manifest.entries.contains(where: { $0.path == control.path }) {
                files[control.path] = control.info
            }
            let kind =
                switch proof {
                case .manifest: "Manifest"
                case .signature: "Signature"
                }
            var contents = VersionContents(proven.manifest, identity: kind, files)
            contents.listed = listed
            contents.validUntil = proven.validUntil
            return contents
        }
    }
}
