import HTTPTransport
import HTTPTypes

/// The part of an object that an answer carries, checked against what was asked.
struct ObjectBody {
    /// How many bytes the body has.
    var length: Int64
    /// The size of the whole object.
    var size: Int64

    /// Reads `Content-Length` and `Content-Range`.
    ///
    /// Refuses an answer that ignores the range or shifts it, and one without a length: its end could not be told from
    /// a broken connection.
    init(_ response: HTTPResponse, range: Range<Int64>?, at place: String) throws(ObjectStoreError) {
        func malformed(_ what: String) -> ObjectStoreError {
            ObjectStoreError(.malformedAnswer, "\(place): the answer \(what)")
        }
        guard let length = response.headerFields[.contentLength].flatMap({ Int64($0) }), length >= 0 else {
            throw malformed("does not say how long it is")
        }
        self.length = length
        guard let range else {
            guard response.status.code == 200 else { throw malformed("is partial, and the whole object was asked for") }
            size = length
            return
        }
        guard response.status.code == 206,
            let (bytes, size) = response.headerFields[.contentRange].flatMap(ObjectBody.contentRange)
        else { throw malformed("ignores the range that was asked for") }
        guard bytes.lowerBound == range.lowerBound, bytes.upperBound == min(range.upperBound, size),
            Int64(bytes.count) == length
        else { throw malformed("has another range than was asked for") }
        self.size = size
    }

    /// `bytes 0-9/100` as the range and the size of the whole.
    static func contentRange(_ text: String) -> (Range<Int64>, Int64)? {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let size = Int64(parts[1]) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, first <= last,
            last < size
        else { return nil }
        return (first..<last + 1, size)
    }

    /// The chunks, ending only after exactly `length` bytes; all errors are `ObjectStoreError`.
    func verified(_ chunks: HTTPBodyChunks, at place: String) -> HTTPBodyChunks {
        let length = length
        return HTTPBodyChunks {
            var source = chunks.makeAsyncIterator()
            var count: Int64 = 0
            return {
                let chunk: [UInt8]?
                do { chunk = try await source.next() } catch { throw ObjectStoreError(any: error, at: place) }
                guard let chunk else {
                    guard count == length else {
                        throw ObjectStoreError(.transport, "\(place): ended after \(count) of \(length) bytes")
                    }
                    return nil
                }
                count += Int64(chunk.count)
                guard count <= length else {
                    throw ObjectStoreError(.malformedAnswer, "\(place): more than the announced \(length) bytes came")
                }
                return chunk
            }
        }
    }
}
