/// Why a key, a certificate or a signature cannot be used.
public struct TrustError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds that callers tell apart.
    public struct Code: Sendable, Hashable {
        private enum Value: Sendable, Hashable {
            case malformed
            case wrongPassword
            case passwordMissing
            case unsupported
            case noKey
            case severalKeys
            case noCertificate
            case keyMismatch
            case tooCostly
            case signing
            case badSignature
            case untrusted
            case otherSubject
        }
        private let value: Value
        /// The bytes are neither PEM nor PKCS#12, or broken.
        public static let malformed = Code(value: .malformed)
        /// The password does not open the key.
        public static let wrongPassword = Code(value: .wrongPassword)
        /// The key is encrypted and no password was given.
        public static let passwordMissing = Code(value: .passwordMissing)
        /// The encryption or the kind of key is one that cannot be used here.
        public static let unsupported = Code(value: .unsupported)
        /// There is no private key.
        public static let noKey = Code(value: .noKey)
        /// There are several private keys with certificates, and nothing says which one is meant.
        public static let severalKeys = Code(value: .severalKeys)
        /// There is no certificate.
        public static let noCertificate = Code(value: .noCertificate)
        /// The private key belongs to none of the certificates.
        public static let keyMismatch = Code(value: .keyMismatch)
        /// Opening it would take more time or memory than is spent on bytes from outside.
        public static let tooCostly = Code(value: .tooCostly)
        /// The key could not sign.
        public static let signing = Code(value: .signing)
        /// The signature is not the one that the key makes of the bytes.
        public static let badSignature = Code(value: .badSignature)
        /// The signature is whole, but nobody who is trusted made it.
        public static let untrusted = Code(value: .untrusted)
        /// The signature is about something else.
        public static let otherSubject = Code(value: .otherSubject)
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong and what to do; never a key or a password.
    public var message: String

    /// An error with its message.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
