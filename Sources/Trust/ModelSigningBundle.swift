public import Artifacts
import JSON

/// The signature of a model's files (OpenSSF Model Signing v1.0): a sigstore bundle around a statement that lists every
/// file with its sha256.
public struct ModelSigningBundle: Sendable {
    /// A file that is signed.
    public struct File: Sendable, Hashable {
        /// Its path below the model's folder.
        public var path: String
        /// The sha256 of its bytes, 64 lower-case hexadecimal digits.
        public var sha256: String
    }

    /// The files, as the statement lists them. Nobody vouches for them until `verify` has returned.
    public let files: [File]
    private let bundle: SigstoreBundle

    /// The largest bundle that is read.
    public static let maximumBytes = 32 << 20
    private static let predicateType = "https://model_signing/signature/v1.0"

    /// Reads a bundle. Throws `malformed`; `otherSubject` for another statement, `unsupported` for other hashes than
    /// sha256 of whole files.
    public init(parsing bytes: [UInt8]) throws(TrustError) {
        bundle = try SigstoreBundle(parsing: bytes)
        files = try Self.files(of: Statement(bundle.envelope))
    }

    /// Checks that somebody who is trusted signed the files.
    public func verify(by trust: SignerTrust, at now: Timestamp) throws(TrustError) -> SignerTrust.Signer {
        try bundle.statement(trust, at: now).1
    }

    private static func files(of statement: Statement) throws(TrustError) -> [File] {
        guard statement.predicateType == predicateType else {
            throw TrustError(
                .otherSubject,
                "the statement is no signature of a model by Model Signing v1.0: \(statement.predicateType.clipped)"
            )
        }
        let form = statement.predicate["serialization"]
        guard form?["method"]?.string == "files", form?["hash_type"]?.string == "sha256" else {
            throw TrustError(
                .unsupported,
                "the model is not signed as whole files by sha256; sign it with the defaults"
            )
        }
        var files: [File] = []
        var digests: [UInt8] = []
        for resource in statement.predicate["resources"]?.array ?? [] {
            guard let path = resource["name"]?.string, resource["algorithm"]?.string == "sha256",
                let digest = resource["digest"]?.string, let raw = bytes(hexadecimal: digest), raw.count == 32
            else { throw TrustError(.malformed, "a signed file has no name or no sha256") }
            files.append(File(path: path, sha256: digest))
            digests += raw
        }
        guard !files.isEmpty else { throw TrustError(.malformed, "the signature lists no files") }
        // The subject sums the list up: the hash of the hashes, in their order.
        let sum = SignatureScheme.Hash.sha256.digest(of: digests)?.hexadecimal
        guard statement.subjects == [sum] else {
            throw TrustError(.malformed, "the statement's subject is not the hash of its files")
        }
        return files
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }
}
