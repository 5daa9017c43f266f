import COpenSSL
import Synchronization

/// A private key in OpenSSL's memory, which is overwritten when the last owner lets go of it. Prints as `<redacted>`.
///
/// Guarantees that the key is RSA of 2048 to 8192 bits or ECDSA on P-256: what JSON web signatures need.
public final class PrivateKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kinds of key.
    public enum Kind: Sendable, Hashable {
        /// RSA, with the length of its modulus.
        case rsa(bits: Int)
        /// ECDSA on the curve P-256.
        case p256
    }

    /// Which kind of key it is.
    public let kind: Kind
    // One user at a time: OpenSSL fills caches of a key at its first use.
    private let key: Mutex<OpenSSLHandle>

    /// Takes over `handle`. Throws `unsupported` for keys of other kinds and sizes.
    init(_ handle: consuming OpenSSLHandle) throws(TrustError) {
        kind = try PrivateKey.kind(of: handle.pointer)
        key = Mutex(handle)
    }

    /// Lends the `EVP_PKEY`.
    func withPointer<Value: Sendable, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try key.withLock { (handle) throws(Failure) in try body(handle.pointer) }
    }

    static func kind(of key: OpaquePointer) throws(TrustError) -> Kind {
        let bits = Int(EVP_PKEY_get_bits(key))
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            guard (2048...8192).contains(bits) else {
                throw TrustError(.unsupported, "an RSA key of \(bits) bits cannot be used; make one of 2048 to 8192")
            }
            return .rsa(bits: bits)
        }
        if EVP_PKEY_is_a(key, "EC") == 1 {
            var name = [CChar](repeating: 0, count: 64)
            var length = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1,
                String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1"
            else { throw TrustError(.unsupported, "an elliptic curve other than P-256 cannot be used") }
            return .p256
        }
        throw TrustError(.unsupported, "the key is neither RSA nor ECDSA; make one of these")
    }

    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
