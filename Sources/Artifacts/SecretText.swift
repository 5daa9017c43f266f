/// A password or token. It prints as `<redacted>` wherever it is interpolated, dumped or reflected.
public struct SecretText: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself: only for the bytes of a request.
    public let value: String

    /// Wraps a secret.
    public init(_ value: String) { self.value = value }

    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// No children, so that `dump` shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [Mirror.Child]()) }

    /// Whether the secret can stand in a header: not empty, visible ASCII only, at most 64 KiB.
    public var isHeaderSafe: Bool {
        !value.isEmpty && value.utf8.count <= 65_536 && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
