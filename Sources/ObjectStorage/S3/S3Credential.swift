public import CloudIdentity

/// What opens an S3 bucket.
public struct S3Credential: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case anonymous
        case key(AWSAccessKey)
        case provider(@Sendable (_ refused: AWSAccessKey?) async throws -> AWSAccessKey)
    }

    let kind: Kind

    private init(_ kind: Kind) { self.kind = kind }

    /// Nothing: requests are not signed. For public buckets.
    public static let anonymous = S3Credential(.anonymous)

    /// A fixed key.
    public static func key(_ key: AWSAccessKey) -> S3Credential { S3Credential(.key(key)) }

    /// A key asked for before each request: temporary credentials of an identity.
    ///
    /// `provider` caches and renews. It gets a key that the store just called expired or unknown, once for a request,
    /// and gives another one. The text of what it throws enters messages and must hold no credential.
    public static func provider(
        _ provider: @escaping @Sendable (_ refused: AWSAccessKey?) async throws -> AWSAccessKey
    ) -> S3Credential {
        S3Credential(.provider(provider))
    }

    /// The key in a Secret's decoded data: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for a temporary one,
    /// `AWS_SESSION_TOKEN`. White space around values is dropped; other keys are ignored.
    /// - Throws: `configuration`, naming the key that is missing or malformed, never its value.
    public init(secret: [String: String]) throws(ObjectStoreError) {
        let id = try secret.value("AWS_ACCESS_KEY_ID")
        let key = try secret.value("AWS_SECRET_ACCESS_KEY")
        let token = secret["AWS_SESSION_TOKEN"] == nil ? nil : try secret.value("AWS_SESSION_TOKEN")
        self.init(.key(AWSAccessKey(id: id, secret: key, sessionToken: token)))
    }

    var isAnonymous: Bool { if case .anonymous = kind { true } else { false } }

    /// Which kind it is, never what it holds.
    public var description: String { isAnonymous ? "anonymous" : "<redacted>" }
}

extension S3Credential: CustomDebugStringConvertible, CustomReflectable {
    /// Which kind it is, never what it holds.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension [String: String] {
    /// A value that may stand in a header, without white space around it. Throws where it is missing or empty.
    func value(_ name: String) throws(ObjectStoreError) -> String {
        guard let text = self[name]?.trimmed, !text.isEmpty else {
            throw ObjectStoreError(.configuration, "the Secret has no value under \(name)")
        }
        guard text.utf8.count <= 65_536, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ObjectStoreError(
                .configuration,
                "the Secret's value under \(name) holds characters that no such value has"
            )
        }
        return text
    }
}
