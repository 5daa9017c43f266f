import CloudIdentity
import HTTPTransport

/// The `<Error>` document of both services: its code, and on S3 the region the bucket is in.
final class ErrorDocument: XMLHandler {
    private(set) var code: String?
    private(set) var region: String?
    private var isError = false

    /// What a body of at most 64 KiB says; nothing where it is something else or broken. The status alone decides
    /// whether a request failed, so a body that cannot be read hides no failure.
    static func read(_ chunks: HTTPBodyChunks) async -> ErrorDocument {
        let document = ErrorDocument()
        do {
            let body = try await chunks.collect(upTo: 64 << 10)
            let parser = try XMLPushParser(document)
            try parser.feed(body)
            try parser.finish()
        } catch {
            return document
        }
        return document
    }

    func open(_ path: [String], _ attributes: XMLAttributes) {
        if path.count == 1 { isError = path[0] == "Error" }
    }

    func close(_ path: [String], text: String) {
        guard isError, path.count == 2 else { return }
        if path[1] == "Code", code == nil { code = ErrorDocument.word(text) }
        if path[1] == "Region", region == nil { region = AWSRegion.isWellFormed(text) ? text : nil }
    }

    /// `text` if it has the form of an error code: only such a word of an answer enters a message.
    static func word(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2E })
        else { return nil }
        return text
    }
}
