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
        let contents: VersionContents
        do throws(ModelFetcher.Failure) {
            contents = try await self.contents(order.source, order.version, in: store, proof: order.proof)
        } catch {
            if error.reason == "NoIdentity" { throw gone(order, "nothing") }
            throw error
        }
        if let refusal = contents.refusal { throw ModelFetcher.Failure("Unverified", refusal) }
        guard contents.digest == order.digest else { throw gone(order, contents.digest) }
        if case .incomplete(let why) = contents.completeness {
            if case .manifestInvalid = why.reason { throw ModelFetcher.Failure("InvalidManifest", why.sentence) }
            throw gone(order, "an incomplete set: \(why.sentence)")
        }
        return try files(of: contents)
    }

    /// What the store has of a version now.
    static func contents(
        _ source: ModelSource,
        _ version: String,
        in store: any ObjectStore,
        proof: ModelProof? = nil,
        judge: ProvenFiles.Judge? = nil
    ) async throws(ModelFetcher.Failure) -> VersionContents {
        let rules: ObjectSetRules
        var spec = ModelAppSpec()
        spec.model = source
        spec.verification = proof?.verification
        do {
            rules = try SelectionSpec.objectRules(spec)
        } catch {
            throw ModelFetcher.Failure("InvalidSource", "\(error)")
        }
        var folder = source.azureBlob?.prefix ?? source.s3?.prefix ?? ""
        if source.objects.isEmpty { folder += version.hasSuffix("/") ? version : version + "/" }
        do throws(ScanFailure) {
            return try await VersionContents.read(store, prefix: folder, rules: rules, proof: proof, judge: judge)
        } catch {
            throw ModelFetcher.Failure(error)
        }
    }

    /// The files of a version, by their paths. Throws `UnsafeName` and `InvalidManifest`.
    static func files(of contents: VersionContents) throws(ModelFetcher.Failure) -> [ModelFile] {
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
