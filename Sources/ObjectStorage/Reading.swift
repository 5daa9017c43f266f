import Artifacts
import CloudIdentity
import HTTPTransport
import HTTPTypes

/// What reads have in common on both services.
extension HTTPFields {
    /// The headers of a range and a condition.
    static func reading(
        _ range: Range<Int64>?,
        _ condition: ReadCondition,
        rangeField: HTTPField.Name,
        at place: String
    ) throws(ObjectStoreError) -> HTTPFields {
        var fields = HTTPFields()
        if let range {
            guard range.lowerBound >= 0, !range.isEmpty else {
                throw ObjectStoreError(
                    .configuration,
                    "\(place): a range of bytes starts at 0 or later and has one at least"
                )
            }
            fields[rangeField] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        }
        if let etag = condition.etag {
            guard let quoted = EntityTag.quoted(etag) else {
                throw ObjectStoreError(.configuration, "\(place): \"\(etag.clipped)\" is no entity tag")
            }
            fields[.ifMatch] = quoted
        }
        return fields
    }
}

extension ReadCondition {
    /// Throws where the answer is about other bytes: a server or a proxy on the way ignored the condition.
    func check(_ info: ObjectInfo, at place: String) throws(ObjectStoreError) {
        if let etag, let answered = info.etag, answered != etag {
            throw ObjectStoreError(.preconditionFailed, "\(place): the bytes seen before were overwritten")
        }
        if let versionID, let answered = info.versionID, answered != versionID {
            throw ObjectStoreError(.malformedAnswer, "\(place): the answer is another version than was asked for")
        }
    }
}

extension ObjectStoreError {
    /// A provider of credentials failed.
    init(credentials error: any Error, at place: String) {
        switch error {
        case is CancellationError: self = .cancelled(at: place)
        case let error as IdentityError where error.code == .cancelled: self = .cancelled(at: place)
        case let error as IdentityError:
            let code: Code =
                switch error.code {
                case .throttled: .throttled
                case .unavailable: .unavailable
                default: .unauthorized
                }
            self.init(
                code,
                "\(place): no credentials: \(error.message)",
                retryAfter: error.retryAfter,
                underlying: error
            )
        default:
            self.init(
                .unauthorized,
                "\(place): no credentials: \(String(describing: error).clipped)",
                underlying: error
            )
        }
    }
}

extension XMLPushParser {
    /// Reads a listing's body into `handler` as it arrives.
    static func read(_ chunks: HTTPBodyChunks, into handler: any XMLHandler, at place: String) async throws {
        let parser = try checked(at: place) { () throws(XMLFailure) in try XMLPushParser(handler) }
        for try await chunk in chunks {
            try checked(at: place) { () throws(XMLFailure) in try parser.feed(chunk) }
        }
        try checked(at: place) { () throws(XMLFailure) in try parser.finish() }
    }

    /// Runs `body` and says in its failure whose answer was malformed.
    static func checked<Value>(
        at place: String,
        _ body: () throws(XMLFailure) -> Value
    ) throws(ObjectStoreError) -> Value {
        do { return try body() } catch {
            throw ObjectStoreError(
                error.isTooLarge ? .tooLarge : .malformedAnswer,
                "\(place): the listing cannot be used: \(error.message)"
            )
        }
    }
}
