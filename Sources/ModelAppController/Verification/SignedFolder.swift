public import Artifacts
import Glibc
import ObjectStorage
public import Trust

/// A folder of this machine with the files of a model and their signature (OpenSSF Model Signing).
public struct SignedFolder: Sendable {
    private let path: String
    private let bundle: String

    /// What Model Signing leaves out of every signature.
    private static let unsigned: Set<String> = [".git", ".gitattributes", ".github", ".gitignore"]

    /// - Parameters:
    ///   - path: the folder.
    ///   - bundle: the name of the signature in it.
    public init(_ path: String, bundle: String = "model.sig") {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.bundle = bundle
    }

    /// Checks that somebody who is trusted signed the files, that each is there with its sha256, and that there are no
    /// others. Links are not followed.
    /// - Returns: who signed, and how many files there are.
    public func verify(
        by trust: SignerTrust,
        at now: Timestamp
    ) throws(ModelFetcher.Failure) -> (signer: SignerTrust.Signer, files: Int) {
        let limit = ModelSigningBundle.maximumBytes
        let bytes = try LocalFile.contents("\(path)/\(bundle)", upTo: limit)
        let signature: ModelSigningBundle
        let signer: SignerTrust.Signer
        do throws(TrustError) {
            signature = try ModelSigningBundle(parsing: bytes)
            signer = try signature.verify(by: trust, at: now)
        } catch {
            throw ModelFetcher.Failure("Unverified", error.message)
        }
        for file in signature.files {
            guard SafePath.isSafe(file.path) else {
                throw ModelFetcher.Failure("UnsafeName", "\"\(file.path.clipped)\" is no name below a folder")
            }
            guard try sha256(of: "\(path)/\(file.path)") == file.sha256 else {
                throw ModelFetcher.Failure(
                    "WrongContent",
                    "\(file.path.clipped) does not have the sha256 that is signed"
                )
            }
        }
        let signed = Set(signature.files.map(\.path))
        if let other = try files(below: "").first(where: { !signed.contains($0) }) {
            throw ModelFetcher.Failure("Unverified", "\(other.clipped) is not signed")
        }
        return (signer, signature.files.count)
    }

    /// Everything in the folder that is no folder, but for the signature and what is never signed.
    private func files(below folder: String) throws(ModelFetcher.Failure) -> [String] {
        var found: [String] = []
        for name in (LocalFile.names(in: "\(path)/\(folder)") ?? []).sorted() {
            let file = folder + name
            if folder.isEmpty, name == bundle || Self.unsigned.contains(name) { continue }
            var information = stat()
            guard lstat("\(path)/\(file)", &information) == 0 else {
                throw FileFailure.last("\(path)/\(file)", "cannot be read")
            }
            if information.st_mode & S_IFMT == S_IFDIR {
                guard file.utf8.count <= 1024 else {
                    throw ModelFetcher.Failure("UnsafeName", "\(file.clipped) lies too deep")
                }
                found += try files(below: file + "/")
            } else {
                found.append(file)
            }
        }
        return found
    }

    private func sha256(of file: String) throws(ModelFetcher.Failure) -> String {
        guard LocalFile.size(file) != nil else { throw ModelFetcher.Failure("FileError", "\(file) is no file") }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileFailure.last(file, "cannot be read") }
        defer { close(descriptor) }
        var checksum = RunningChecksum(.sha256)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure.last(file, "cannot be read") }
            if count == 0 { return checksum.hex }
            buffer.withUnsafeBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
