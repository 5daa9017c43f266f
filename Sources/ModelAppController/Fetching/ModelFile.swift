import Artifacts
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// One file of the version that is fetched.
struct ModelFile: Sendable {
    /// Where it goes, below the model's folder.
    var path: String
    /// What the store says of it.
    var info: ObjectInfo
    /// The checksum that the manifest or the listing has; nil where only the answer to a read may have one.
    var checksum: StoredChecksum?

    /// The files of the version, if they are still the ones that the release was made with.
    ///
    /// Throws `ModelBytesGone` where the store holds something else now, and `UnsafeName` for names that do not stay
    /// below a folder.
    static func list(
        _ order: ModelFetcher.Order,
        in store: any ObjectStore
    ) async throws(ModelFetcher.Failure) -> [ModelFile] {
        let rules: ObjectSetRules
        var spec = ModelAppSpec()
        spec.model = order.source
        spec.verification = order.proof?.verification
        do {
            rules = try SelectionSpec.objectRules(spec)
        } catch {
            throw ModelFetcher.Failure("InvalidSource", "\(error)")
        }
        var folder = order.source.azureBlob?.prefix ?? order.source.s3?.prefix ?? ""
        if order.source.objects.isEmpty { folder += order.version.hasSuffix("/") ? order.version : order.version + "/" }
        let contents: VersionContents
        do throws(ScanFailure) {
            contents = try await VersionContents.read(store, prefix: folder, rules: rules, proof: order.proof)
        } catch {
            if error.reason == "NoIdentity" { throw gone(order, "nothing") }
            throw ModelFetcher.Failure(error)
        }
        if let refusal = contents.refusal { throw ModelFetcher.Failure("Unverified", refusal) }
        guard contents.digest == order.digest else { throw gone(order, contents.digest) }
        if case .incomplete(let why) = contents.completeness {
            if case .manifestInvalid = why.reason { throw ModelFetcher.Failure("InvalidManifest", why.sentence) }
            throw gone(order, "an incomplete set: \(why.sentence)")
        }
        var files: [ModelFile] = []
        for (path, info) in contents.files.sorted(by: { $0.key < $1.key }) {
            guard SafePath.isSafe(path) else {
                throw ModelFetcher.Failure(
                    "UnsafeName",
                    "\"\(path.clipped)\" is no name below a folder; rename the object, or leave it out with excludeFiles"
                )
            }
            var checksum = info.checksum
            if let text = contents.checksums[path] {
                checksum = StoredChecksum(.sha256, hexadecimal: text)
                guard checksum != nil else {
                    throw ModelFetcher.Failure(
                        "InvalidManifest",
                        "the manifest's sha256 of \(path.clipped) is not 64 hexadecimal digits: \(text.clipped)"
                    )
                }
            }
            files.append(ModelFile(path: path, info: info, checksum: checksum))
        }
        if let (file, folder) = SafePath.collision(among: files.map(\.path)) {
            throw ModelFetcher.Failure(
                "UnsafeName",
                "\"\(file.clipped)\" is a file, and a folder in \"\(folder.clipped)\"; no file system holds both"
            )
        }
        return files
    }

    private static func gone(_ order: ModelFetcher.Order, _ found: String) -> ModelFetcher.Failure {
        ModelFetcher.Failure(
            "ModelBytesGone",
            "the store holds \(found) under \(order.version.clipped), not \(order.digest.clipped) that this release "
                + "was made with; keep versions, or deliver with Baked or ImageVolume"
        )
    }
}

/// Names of objects that may become names of files.
enum SafePath {
    /// Whether `path` stays below its folder: relative, no empty, `.` or `..` part, no backslash, no control character,
    /// no part longer than a file system takes.
    static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C })
        else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
        }
    }

    /// A path that is a folder in another one: stores have no folders and allow both, file systems do not.
    static func collision(among paths: [String]) -> (file: String, folder: String)? {
        let files = Set(paths)
        for path in paths {
            var end = path.startIndex
            while let slash = path[end...].firstIndex(of: "/") {
                let parent = String(path[..<slash])
                if files.contains(parent) { return (parent, path) }
                end = path.index(after: slash)
            }
        }
        return nil
    }
}
