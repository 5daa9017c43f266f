public import Artifacts
import struct Crypto.SHA256
import struct Crypto.SHA512

/// Computes the digest of content as it passes.
public struct ContentDigest: Sendable {
    private enum State: Sendable {
        case sha256(SHA256)
        case sha512(SHA512)
    }
    private var state: State
    /// How many bytes passed.
    public private(set) var count: Int64 = 0

    /// The digest of nothing so far.
    public init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha512: state = .sha512(SHA512())
        }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        count += Int64(bytes.count)
        switch state {
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            hash.update(data: bytes)
            state = .sha512(hash)
        }
    }

    /// Whether the content so far has `digest`.
    func matches(_ digest: Digest) -> Bool { value == digest }

    /// The digest of the content so far; never nil for the algorithms that there are.
    public var value: Digest? {
        switch state {
        case .sha256(let hash): Digest(bytes: Array(hash.finalize()))
        case .sha512(let hash): Digest(bytes: Array(hash.finalize()))
        }
    }

    /// The digest of bytes in memory.
    public static func of(_ bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> Digest? {
        var digest = ContentDigest(algorithm)
        digest.update(bytes)
        return digest.value
    }
}
