public import Artifacts

/// What names a model's content, by kind: `sha256:HEX` where stored checksums vouch for it, `etag:HEX` where only the
/// store's entity tags do.
public enum ModelIdentity: Sendable, Hashable, CustomStringConvertible {
    /// Over the checksums of every object.
    case content(Digest)
    /// Over entity tags, for want of checksums.
    case entityTags(Digest)

    /// Parses what `description` prints; nil for anything else.
    public init?(_ text: String) {
        let isTag = text.hasPrefix("etag:")
        do {
            let digest = try Digest(isTag ? "sha256:" + text.dropFirst(5) : text)
            guard digest.algorithm == .sha256 else { return nil }
            self = isTag ? .entityTags(digest) : .content(digest)
        } catch { return nil }
    }

    /// `sha256:HEX` or `etag:HEX`.
    public var description: String {
        switch self {
        case .content(let digest): digest.description
        case .entityTags(let digest): "etag:\(digest.hex)"
        }
    }
}
