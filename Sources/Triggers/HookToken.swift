public import Artifacts
import Crypto

/// The token that a sender of webhooks and this cluster share. Prints as `<redacted>`.
public struct HookToken: Sendable, CustomStringConvertible {
    /// The key of the Secret that holds it.
    public static let key = "token"
    /// The fewest bytes that cannot be guessed.
    public static let minimumLength = 16
    /// How far the clock of a sender that signs with a time may be off, and how long a signature counts.
    public static let window = Duration.seconds(300)

    private let bytes: [UInt8]

    /// A token as a Secret holds it; white space around it does not count, because editors and `echo` add it. Throws for
    /// the owner of the Secret.
    public init(_ value: [UInt8]?) throws(HookTokenError) {
        guard let value else { throw HookTokenError(message: "has no key \(Self.key)") }
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        var bytes = value[...]
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        bytes = bytes.drop(while: isSpace)
        guard (Self.minimumLength...1024).contains(bytes.count), bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HookTokenError(
                message: "has a \(Self.key) that is not 16 to 1024 visible ASCII characters; make one with "
                    + "openssl rand -hex 32"
            )
        }
        self.bytes = Array(bytes)
    }

    /// Hides the token.
    public var description: String { "<redacted>" }

    /// HMAC-SHA256 of `message` under the token, lower-case hexadecimal.
    func code(_ message: [UInt8]) -> String {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: bytes))).hexadecimal
    }

    /// How the sender of a request shows that it knows the token.
    public enum Proof: Sendable, Hashable {
        /// `X-Signature: sha256=HEX` over `X-Timestamp`, a dot and the body.
        case timedSignature
        /// `X-Hub-Signature-256: sha256=HEX` over the body, as GitHub signs.
        case bodySignature
        /// `Authorization: Bearer TOKEN`, or `Basic` with the token as the password.
        case authorization
    }

    /// Which proof a request carries. One that does not hold is not made good by another. Throws where none holds.
    public func proof(in request: WebhookRequest, now: Timestamp) throws(WebhookRefusal) -> Proof {
        if let signature = request.headers["x-signature"] {
            guard let text = request.headers["x-timestamp"], let seconds = Int64(text) else {
                throw Self.unauthorized("X-Signature needs X-Timestamp with the seconds since 1970")
            }
            guard ConstantTime.isEqual(signature.lowercased(), "sha256=" + code(Array("\(text).".utf8) + request.body))
            else { throw Self.unauthorized("X-Signature does not fit the body, the time and the token") }
            let signed = Timestamp(seconds: seconds)
            guard signed < now + Self.window, now < signed + Self.window else {
                throw Self.unauthorized("X-Timestamp is more than five minutes from now; check the sender's clock")
            }
            return .timedSignature
        }
        if let signature = request.headers["x-hub-signature-256"] {
            guard ConstantTime.isEqual(signature.lowercased(), "sha256=" + code(request.body)) else {
                throw Self.unauthorized("X-Hub-Signature-256 does not fit the body and the token")
            }
            return .bodySignature
        }
        guard let authorization = request.headers["authorization"] else {
            throw Self.unauthorized("send Authorization: Bearer TOKEN, or a signature")
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        var presented: [UInt8] = []
        if parts.count == 2, parts[0].lowercased() == "bearer" {
            presented = Array(parts[1].utf8)
        } else if parts.count == 2, parts[0].lowercased() == "basic", let pair = Base64.decode(String(parts[1])) {
            presented = Array(pair.drop { $0 != UInt8(ascii: ":") }.dropFirst())
        }
        guard ConstantTime.isEqual(presented, bytes) else {
            throw Self.unauthorized("the token in Authorization is another")
        }
        return .authorization
    }

    private static func unauthorized(_ message: String) -> WebhookRefusal {
        WebhookRefusal(.unauthorized, 401, message)
    }
}

/// Why a Secret holds no token that can be used.
public struct HookTokenError: Error, Sendable, Hashable {
    /// What is wrong and what to do, as the end of a sentence about the Secret.
    public var message: String
}

/// Comparing what a stranger sent with what only we know.
enum ConstantTime {
    /// Whether both are equal. How long it takes tells nothing about where they differ: digests are compared, and
    /// swift-crypto compares those without a branch.
    static func isEqual(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        SHA256.hash(data: Array(left)) == SHA256.hash(data: Array(right))
    }

    /// The same for texts.
    static func isEqual(_ left: String, _ right: String) -> Bool { isEqual(left.utf8, right.utf8) }
}
