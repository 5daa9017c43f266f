/// Which bytes a read wants: whatever is there now, or exactly those that were seen before.
public struct ReadCondition: Sendable, Hashable {
    /// The entity tag that the object must have, without quotes.
    public var etag: String?
    /// The version to read.
    public var versionID: String?

    /// A condition of its parts.
    public init(etag: String? = nil, versionID: String? = nil) {
        self.etag = etag
        self.versionID = versionID
    }

    /// Whatever is there now.
    public static let none = ReadCondition()

    /// The current object, if its entity tag is `tag`.
    public static func etag(_ tag: String) -> ReadCondition { ReadCondition(etag: tag) }

    /// That version, current or not.
    public static func version(_ id: String) -> ReadCondition { ReadCondition(versionID: id) }

    /// The bytes that `info` described: by version where there is one, and by entity tag.
    public static func same(as info: ObjectInfo) -> ReadCondition {
        ReadCondition(etag: info.etag, versionID: info.versionID)
    }

    var isNone: Bool { etag == nil && versionID == nil }
}

/// Entity tags: bare in this project's values, quoted in headers (RFC 9110 section 8.8.3).
enum EntityTag {
    /// The tag without its quotes; a weak one stays as it is. Nil for an empty text.
    static func bare(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        return text.utf8.count == 2 ? nil : String(text.dropFirst().dropLast())
    }

    /// The tag as `If-Match` takes it; nil where it cannot stand in a header.
    static func quoted(_ tag: String) -> String? {
        guard !tag.isEmpty, tag.utf8.count <= 1024 else { return nil }
        let inner = tag.hasPrefix("W/\"") && tag.hasSuffix("\"") ? tag.dropFirst(3).dropLast() : tag[...]
        guard inner.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 }) else { return nil }
        return inner.utf8.count == tag.utf8.count ? "\"\(tag)\"" : tag
    }
}
