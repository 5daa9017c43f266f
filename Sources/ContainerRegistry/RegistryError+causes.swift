import HTTPTransport
import HTTPTypes
import JSON

extension RegistryError {
    /// The error for anything thrown inside a call about `subject`.
    init(_ error: any Error, about subject: String) {
        switch error {
        case let error as RegistryError: self = error
        case is CancellationError: self.init(.cancelled, "\(subject): cancelled")
        case let error as HTTPTransportError: self.init(transport: error, about: subject)
        case let error as JSONError: self.init(malformed: error, about: subject)
        default: self.init(.transport, "\(subject): the exchange failed", underlying: error)
        }
    }

    init(transport error: HTTPTransportError, about subject: String) {
        if error.code == .bodyTooLarge {
            self.init(.tooLarge, "\(subject): \(error.message)", underlying: error)
        } else {
            self.init(.transport, "\(subject): \(error.message)", underlying: error)
        }
    }

    /// The reader's message may quote the document, so only the place is told.
    init(malformed error: JSONError, about subject: String) {
        self.init(.malformedAnswer, "\(subject): the answer is not the expected JSON (at byte \(error.offset))")
    }

    /// The error for an answer whose status is not wanted.
    /// - Parameter verb: what the credentials have to be allowed: `pull from`, `push to`.
    init(
        status: Int,
        registryCode: String?,
        retryAfter: Duration?,
        verb: String = "pull from",
        about subject: String
    ) {
        let told = "\(status)" + (registryCode.map { " " + $0 } ?? "")
        let (code, message): (Code, String) =
            switch (status, registryCode) {
            case (_, "TOO_MANY_TAGS"), (_, "PAGINATION_NUMBER_INVALID"):
                (.tooManyTags, "the registry refuses to list that many tags (\(told)); delete old tags")
            case (401, _): (.unauthorized, "the registry refuses the credentials (\(told)); check the pull secret")
            case (403, _):
                (.denied, "access denied (\(told)); check the name and that the credentials may \(verb) it")
            case (404, _): (.notFound, "not found (\(told)); check the name")
            case (429, _): (.rateLimited, "the registry asks to slow down (\(told))")
            case (500..., _): (.unavailable, "the registry fails (\(told))")
            default: (.rejected, "the registry refuses the request (\(told))")
            }
        self.init(
            code,
            "\(subject): \(message)",
            status: status,
            registryCode: registryCode,
            retryAfter: retryAfter
        )
    }

    /// The first code of a registry's error document, if it is a plain code (distribution spec: error codes).
    static func registryCode(in body: [UInt8]) -> String? {
        guard let document = try? JSONValue(parsing: body), let code = document["errors"]?[0]?["code"]?.string,
            (1...64).contains(code.utf8.count),
            code.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { return nil }
        return code
    }
}
