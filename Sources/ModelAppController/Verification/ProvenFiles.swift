import Artifacts
import ObjectStorage
import Selection
import Trust

/// The files of a version by its proof: read from the store, and where it is a signature, verified.
///
/// The digest of the list is what a release is bound to. Whoever fetches reads the proof again, and takes nothing unless
/// it still has that digest; then each file has to have the sha256 of the list. So no key is needed in a pod.
struct ProvenFiles: Sendable {
    /// The files, with the digest of the list.
    var manifest: ModelManifest
    /// From when on the signature does not count any more.
    var validUntil: Timestamp?

    /// Whom to trust, and what time it is.
    struct Judge: Sendable {
        var trust: SignerTrust
        var now: Timestamp
    }

    /// What reading a proof comes to.
    enum Outcome: Sendable {
        case proven(ProvenFiles)
        /// Why it proves nothing; the end of a sentence that starts with the version.
        case refused(String)
    }

    /// Reads a proof. Throws where the store could not be asked, or the object changes meanwhile.
    /// - Parameters:
    ///   - object: the object of the proof, as it was listed; nil where there is none.
    ///   - judge: who has to have signed; nil where somebody else has verified the signature.
    static func read(
        _ proof: ModelProof,
        _ object: ObjectInfo?,
        in store: any ObjectStore,
        judge: Judge?
    ) async throws(ScanFailure) -> Outcome {
        let limit: Int
        switch proof {
        case .manifest(let name):
            limit = ModelManifest.maximumBytes
            guard object != nil else { return .refused("it has no manifest \(name.clipped)") }
        case .signature(let name):
            limit = ModelSigningBundle.maximumBytes
            guard object != nil else { return .refused("it has no signature \(name.clipped)") }
        }
        guard let object else { return .refused("it has no proof") }
        let bytes: [UInt8]
        do throws(ObjectStoreError) {
            bytes = try await store.bytes(of: object.key, upTo: limit, condition: .same(as: object)).bytes
        } catch {
            guard error.code == .tooLarge else { throw ScanFailure(error) }
            return .refused("\(object.key.clipped) has more than \(limit) bytes")
        }
        switch proof {
        case .manifest:
            do {
                return .proven(ProvenFiles(manifest: try ModelManifest(parsing: bytes)))
            } catch {
                return .refused("the manifest \(object.key.clipped) cannot be used: \(error)")
            }
        case .signature:
            do throws(TrustError) {
                let signature = try ModelSigningBundle(parsing: bytes)
                let signer = try judge.map { judge throws(TrustError) in
                    try signature.verify(by: judge.trust, at: judge.now)
                }
                let entries = signature.files.map { ManifestEntry(path: $0.path, sha256: $0.sha256) }
                return .proven(ProvenFiles(manifest: ModelManifest(entries: entries), validUntil: signer?.validUntil))
            } catch {
                return .refused("\(object.key.clipped): \(error.message)")
            }
        }
    }
}
