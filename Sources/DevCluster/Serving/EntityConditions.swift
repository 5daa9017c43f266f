import Artifacts
import HTTPTypes

/// The preconditions of a request against what is stored (RFC 9110, 13.2.2).
struct EntityConditions: Sendable {
    private let match: [String]?
    private let noneMatch: [String]?
    private let modifiedSince: Timestamp?
    private let unmodifiedSince: Timestamp?

    /// What becomes of a request.
    enum Verdict: Sendable, Hashable {
        /// It goes on.
        case proceed
        /// Status 304: the client has it already.
        case notModified
        /// Status 412.
        case failed
    }

    init(_ headers: HTTPFields) {
        func tags(_ name: HTTPField.Name) -> [String]? {
            headers[name]?.split(separator: ",").map { tag in
                let bare = tag.trimmingSpaces
                return (bare.hasPrefix("W/") ? bare.dropFirst(2) : bare[...]).unquoted
            }
        }
        match = tags(.ifMatch)
        noneMatch = tags(.ifNoneMatch)
        modifiedSince = headers[.ifModifiedSince].flatMap { Timestamp(httpDate: $0) }
        unmodifiedSince = headers[.ifUnmodifiedSince].flatMap { Timestamp(httpDate: $0) }
    }

    /// Judges a request about an entity with this tag (without quotes) and date; nil where there is no such entity.
    /// - Parameter reading: whether the request only reads, so that a matching tag is "not modified".
    func verdict(etag: String?, lastModified: Timestamp?, reading: Bool) -> Verdict {
        if let match {
            guard let etag, match.contains("*") || match.contains(etag) else { return .failed }
        } else if let unmodifiedSince, let lastModified, lastModified.seconds > unmodifiedSince.seconds {
            return .failed
        }
        if let noneMatch {
            if let etag, noneMatch.contains("*") || noneMatch.contains(etag) { return reading ? .notModified : .failed }
        } else if let modifiedSince, let lastModified, lastModified.seconds <= modifiedSince.seconds {
            return reading ? .notModified : .failed
        }
        return .proceed
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmingSpaces: String {
        var bytes = Array(utf8)[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text without one pair of double quotes around it.
    var unquoted: String {
        utf8.count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : String(self)
    }
}
