public import Artifacts

/// An access key of AWS, with a session token where it is temporary. Prints `<redacted>`, however it is printed.
public struct AWSAccessKey: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The public half.
    public let id: String
    /// The secret half.
    public let secret: SecretText
    /// What makes a temporary key valid.
    public let sessionToken: SecretText?

    /// A key of its parts.
    public init(id: String, secret: String, sessionToken: String? = nil) {
        self.id = id
        self.secret = SecretText(secret)
        self.sessionToken = sessionToken.map(SecretText.init)
    }

    /// Never the key.
    public var description: String { "<redacted>" }
    /// Never the key.
    public var debugDescription: String { "<redacted>" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
