import Artifacts
import struct Artifacts.Digest
import Crypto

/// The digest of content that arrives piece by piece.
struct DigestHash: Sendable {
    private enum Function: Sendable {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var function: Function

    init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: function = .sha256(SHA256())
        case .sha512: function = .sha512(SHA512())
        }
    }

    /// Adds bytes.
    mutating func update(_ bytes: [UInt8]) {
        switch function {
        case .sha256(var hash):
            hash.update(data: bytes)
            function = .sha256(hash)
        case .sha512(var hash):
            hash.update(data: bytes)
            function = .sha512(hash)
        }
    }

    /// The digest of what was added so far.
    var digest: Digest {
        let bytes: [UInt8] =
            switch function {
            case .sha256(let hash): Array(hash.finalize())
            case .sha512(let hash): Array(hash.finalize())
            }
        guard let digest = Digest(bytes: bytes) else {
            preconditionFailure("SHA-256 has 32 bytes and SHA-512 has 64")
        }
        return digest
    }
}

extension Digest {
    /// The digest of `bytes`.
    static func of(_ bytes: [UInt8], _ algorithm: Algorithm = .sha256) -> Digest {
        var hash = DigestHash(algorithm)
        hash.update(bytes)
        return hash.digest
    }
}
