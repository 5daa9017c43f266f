/// Where webhooks for one Secret are received: `/hook/` and 64 hexadecimal digits.
///
/// The digits are HMAC-SHA256 of `namespace/name` of the Secret under its token. So a path selects exactly one Secret,
/// cannot be guessed, tells nothing about the token, and changes with it.
public struct HookPath: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "/hook/"
    private let code: String

    /// The path for a Secret.
    public init(_ token: HookToken, namespace: String, name: String) {
        code = token.code(Array("\(namespace)/\(name)".utf8))
    }

    /// Parses the path of a request; nil where it is none of ours.
    public init?(_ path: String) {
        guard path.hasPrefix(Self.prefix) else { return nil }
        let code = path.dropFirst(Self.prefix.count)
        guard code.utf8.count == 64, code.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.code = String(code)
    }

    /// Whether both are the same path, compared in constant time.
    public func isEqual(_ other: HookPath) -> Bool { ConstantTime.isEqual(code, other.code) }

    /// The path.
    public var description: String { Self.prefix + code }
}
