/// The prefix of keys that a model lives under: empty, or ending with a slash, so that `resnet/` never reaches into
/// `resnet-old/`.
public struct KeyPrefix: Sendable, Hashable, CustomStringConvertible {
    /// The longest prefix, in UTF-8 bytes: the limit of S3 and Azure Blob for a whole key.
    public static let maximumBytes = 1024

    /// The prefix as written.
    public let text: String

    /// Checks a prefix. Throws code `.prefix` if it does not end with a slash, has control characters or is too long.
    public init(_ text: String) throws(SelectionError) {
        guard text.utf8.count <= KeyPrefix.maximumBytes else {
            throw SelectionError(.prefix, "the prefix is longer than \(KeyPrefix.maximumBytes) bytes")
        }
        guard text.isEmpty || text.utf8.last == UInt8(ascii: "/") else {
            throw SelectionError(.prefix, "the prefix \(text.quoted) must end with a slash, or be empty")
        }
        guard !text.hasControlCharacters else {
            throw SelectionError(.prefix, "the prefix \(text.quoted) has control characters")
        }
        self.text = text
    }

    /// What follows the prefix in a key; nil where the key does not lie under it.
    public func path(of key: String) -> Substring? {
        guard key.utf8.starts(with: text.utf8) else { return nil }
        return Substring(key.utf8.dropFirst(text.utf8.count))
    }

    /// The prefix.
    public var description: String { text }
}
