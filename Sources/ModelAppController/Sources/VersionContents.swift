import Artifacts
import HTTPTransport
import JSON
import ObjectStorage
import Selection

/// What lies in the folder of one version, and the digest that names it: read by the resolver, and again by whoever
/// fetches the bytes.
struct VersionContents: Sendable {
    /// The digest of the content: `sha256:` or, where the store keeps no checksums, `etag:`.
    var digest: String
    /// What the digest is made of: `Manifest`, `Checksums`, `ETags`.
    var identity: String
    /// Whether a manifest's files are all there.
    var completeness: Completeness
    /// The files of the model by their paths.
    var files: [String: ObjectInfo]
    /// Archives whose files are not known before they are unpacked.
    var archives: [ObjectInfo] = []
    /// The sha256 of files that a manifest lists.
    var checksums: [String: String]
    /// How many bytes the files have.
    var bytes: Int64
    /// Why its proof does not count, where one is wanted and does not.
    var refusal: String?
    /// From when on its proof does not count any more.
    var validUntil: Timestamp?
    /// The version ids of files that are overwritten in place, where the store keeps versions of all of them.
    var objectVersions: [String: String] = [:]
    /// The same objects as a scan sums them up: tells whether they are those that were judged complete.
    var listed = ObjectSet()

    /// The most files of one version.
    static let maximumFiles = 1_000_000

    /// Lists `prefix` and computes the digest; reads the manifest where the rules have one, and the proof where one is
    /// wanted. With a proof the files are those that it lists, and the digest is that of its list.
    /// - Parameter judge: who has to have signed the proof; nil where that was verified by somebody else.
    static func read(
        _ store: any ObjectStore,
        prefix: String,
        rules: ObjectSetRules,
        proof: ModelProof? = nil,
        judge: ProvenFiles.Judge? = nil
    ) async throws(ScanFailure) -> VersionContents {
        var evidence: ObjectInfo?
        var fingerprint = ModelFingerprint()
        var files: [String: ObjectInfo] = [:]
        var control: ObjectInfo?
        var listed = ObjectSet()
        do throws(ObjectStoreError) {
            try await store.list(prefix: prefix) { info throws(ObjectStoreError) in
                guard !info.isFolder else { return .continue }
                let path = String(info.key.dropFirst(prefix.count))
                listed.add(BlobObject(info), path: path, by: rules)
                if path == rules.complete.controlName { control = info }
                if path == rules.proof { evidence = info }
                guard rules.selects(path) else { return .continue }
                guard files.count < maximumFiles else {
                    throw ObjectStoreError(.tooLarge, "a version with more than \(maximumFiles) files")
                }
                fingerprint.add(path, info)
                files[path] = info
                return .continue
            }
        } catch {
            throw ScanFailure(error)
        }
        if case .manifest = rules.complete, let control {
            var contents = try await withManifest(store, control, files)
            contents.listed = listed
            guard let proof, case .complete = contents.completeness else { return contents }
            return try await contents.proven(
                proof,
                evidence,
                (rules.complete.controlName ?? "", control),
                files,
                store,
                judge
            )
        }
        if let proof {
            let bare = VersionContents(
                digest: "",
                identity: "",
                completeness: .complete,
                files: files,
                checksums: [:],
                bytes: 0,
                listed: listed
            )
            return try await bare.proven(
                proof,
                evidence,
                control.map { (rules.complete.controlName ?? "", $0) },
                files,
                store,
                judge
            )
        }
        var objectVersions: [String: String] = [:]
        if !rules.fixedNames.isEmpty, let kept = try await keptVersions(of: files, in: store) {
            (files, objectVersions) = (kept.files, kept.versions)
            fingerprint = ModelFingerprint()
            for (path, info) in files { fingerprint.add(path, info) }
        }
        return try contents(files, fingerprint, listed, objectVersions, at: "\(store.location)/\(prefix.clipped)")
    }

    /// The content of files by what the store says of each.
    static func contents(
        _ files: [String: ObjectInfo],
        _ fingerprint: ModelFingerprint,
        _ listed: ObjectSet,
        _ objectVersions: [String: String],
        at place: String
    ) throws(ScanFailure) -> VersionContents {
        guard let identity = fingerprint.identity else {
            throw ScanFailure(
                reason: "NoIdentity",
                message: "\(place): the store tells neither checksums nor entity tags",
                aspect: .place
            )
        }
        let kind: String
        switch identity {
        case .content: kind = "Checksums"
        case .entityTags: kind = "ETags"
        }
        return VersionContents(
            digest: identity.description,
            identity: kind,
            completeness: .complete,
            files: files,
            checksums: [:],
            bytes: fingerprint.bytes,
            objectVersions: objectVersions,
            listed: listed
        )
    }

    private static func withManifest(
        _ store: any ObjectStore,
        _ control: ObjectInfo,
        _ files: [String: ObjectInfo]
    ) async throws(ScanFailure) -> VersionContents {
        do {
            let answer = try await store.bytes(
                of: control.key,
                upTo: ModelManifest.maximumBytes,
                condition: .same(as: control)
            )
            return VersionContents(try ModelManifest(parsing: answer.bytes), identity: "Manifest", files)
        } catch let error as ObjectStoreError {
            throw ScanFailure(error)
        } catch {
            throw ScanFailure(
                reason: "InvalidManifest",
                message: "spec.model.complete.manifest: \(control.key.clipped): \(error)"
            )
        }
    }
}
