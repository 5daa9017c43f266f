import Artifacts
import ModelAppAPI
import ObjectStorage
import Selection

/// One file of the version that is fetched.
struct ModelFile: Sendable {
    /// Where it goes, below the model's folder.
    var path: String
    /// What the store says of it.
    var info: ObjectInfo
    /// The checksum that the manifest or the listing has; nil where only the answer to a read may have one.
    var checksum: StoredChecksum?
    /// Which of its files belong to the model, where this is an archive that is unpacked.
    var unpacking: FileFilter?

    /// The files of the version, if they are still the ones that the release was made with, and where they are read.
    ///
    /// Throws `ModelBytesGone` where the store holds something else now, and `UnsafeName` for names that do not stay
    /// below a folder.
    static func list(
        _ order: ModelFetcher.Order,
        in origin: ModelOrigin
    ) async throws(ModelFetcher.Failure) -> (files: [ModelFile], reader: any ObjectReader) {
        let contents: VersionContents
        let reader: any ObjectReader
        do throws(ScanFailure) {
            let (version, digest) = (order.version, order.digest)
            if case .store(let opened) = origin, !order.objectVersions.isEmpty {
                reader = opened.store
                contents = try await VersionContents.read(
                    opened.store,
                    prefix: opened.prefix,
                    versions: order.objectVersions
                )
            } else {
                (contents, reader) = try await origin.contents(
                    version,
                    digest: digest,
                    of: order.source,
                    proof: order.proof
                )
            }
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
        let filter: FileFilter
        do throws(SelectionError) {
            filter = try FileFilter(include: order.source.includeFiles, exclude: order.source.excludeFiles)
        } catch {
            throw ModelFetcher.Failure("InvalidSource", "\(error)")
        }
        let archives = contents.archives.map { info in
            ModelFile(path: "archive \(info.key.prefix(19))", info: info, checksum: info.checksum, unpacking: filter)
        }
        return (try files(of: contents) + archives, reader)
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
