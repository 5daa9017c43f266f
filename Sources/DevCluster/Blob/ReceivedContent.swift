import Crypto
import HTTPTransport

/// The body of an upload, written down while it is hashed.
struct ReceivedContent: Sendable {
    var content: StoredContent
    var md5: [UInt8]

    /// Why an upload was not taken.
    enum Failure: Error, Sendable {
        /// The body has fewer or more bytes than it announced.
        case wrongLength
        case tooLarge(limit: Int64)
    }

    /// Writes `body` to an unfinished file of `folder`, or to memory.
    /// - Parameters:
    ///   - length: how many bytes were announced, if that is known.
    ///   - observe: sees each chunk, for hashes of the caller's own.
    init(
        _ body: HTTPBodyChunks,
        folder: LocalFolder?,
        limit: Int64,
        length: Int64?,
        observe: ([UInt8]) -> Void = { _ in }
    ) async throws {
        var writer = try ContentWriter(folder: folder, limit: limit)
        var hash = Insecure.MD5()
        do {
            for try await chunk in body {
                try writer.append(chunk)
                hash.update(data: chunk)
                observe(chunk)
            }
            if let length, length != writer.size { throw Failure.wrongLength }
        } catch {
            writer.discard()
            if case ContentWriter.Failure.tooLarge(let limit) = error { throw Failure.tooLarge(limit: limit) }
            throw error
        }
        content = writer.content
        md5 = Array(hash.finalize())
    }

    /// Parts of contents one after the other, copied to one.
    init(
        joining parts: [(content: StoredContent, range: Range<Int64>)],
        folder: LocalFolder?,
        limit: Int64
    ) async throws {
        let body = HTTPBodyChunks {
            var rest = parts[...]
            var current: HTTPBodyChunks.AsyncIterator?
            return {
                while true {
                    if let chunk = try await current?.next() { return chunk }
                    guard let next = rest.popFirst() else { return nil }
                    current = next.content.chunks(next.range).makeAsyncIterator()
                }
            }
        }
        try await self.init(body, folder: folder, limit: limit, length: nil)
    }
}
