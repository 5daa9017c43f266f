import Artifacts
import ObjectStorage
import Selection

/// Files that are overwritten in place, in a store that keeps what was there before.
extension VersionContents {
    /// The same files with their version ids; nil where the store keeps no versions, or may not say so.
    ///
    /// A listing with versions would need a right of its own and list all that ever was. Fixed names are few, so each is
    /// asked for: that also tells checksums, which a listing of S3 does not.
    static func keptVersions(
        of files: [String: ObjectInfo],
        in store: any ObjectStore
    ) async throws(ScanFailure) -> (files: [String: ObjectInfo], versions: [String: String])? {
        var kept: [String: ObjectInfo] = [:]
        var versions: [String: String] = [:]
        for (path, listed) in files.sorted(by: { $0.key < $1.key }) {
            let found: ObjectInfo?
            do throws(ObjectStoreError) {
                found = try await store.head(listed.key)
            } catch {
                if error.code == .denied { return nil }
                throw ScanFailure(error)
            }
            guard let found, found.etag == listed.etag, found.size == listed.size else {
                throw ScanFailure(
                    reason: "BytesChanged",
                    message: "\(store.location)/\(listed.key.clipped) was written while it was looked at",
                    aspect: .place
                )
            }
            guard let version = found.versionID else { return nil }
            (kept[path], versions[path]) = (found, version)
        }
        return versions.isEmpty ? nil : (kept, versions)
    }

    /// What lies under version ids. Throws `ModelBytesGone` where one of them is no more.
    static func read(
        _ store: any ObjectStore,
        prefix: String,
        versions: [String: String]
    ) async throws(ScanFailure) -> VersionContents {
        var files: [String: ObjectInfo] = [:]
        var fingerprint = ModelFingerprint()
        for (path, version) in versions.sorted(by: { $0.key < $1.key }) {
            var found: ObjectInfo?
            do throws(ObjectStoreError) {
                found = try await store.head(prefix + path, version: version)
            } catch {
                throw ScanFailure(error)
            }
            guard var info = found else {
                throw ScanFailure(
                    reason: "ModelBytesGone",
                    message:
                        "\(store.location)/\((prefix + path).clipped): the version \(version.clipped) that the release "
                        + "was made with is gone; keep versions longer than releases"
                )
            }
            info.versionID = version
            files[path] = info
            fingerprint.add(path, info)
        }
        return try contents(
            files,
            fingerprint,
            ObjectSet(),
            versions,
            at: "\(store.location)/\(prefix.clipped)"
        )
    }
}
