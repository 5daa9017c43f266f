import Artifacts

extension HTTPBodyChunks {
    /// How long the body of an answer that is read into memory may take altogether, besides the bound on silence.
    public static let maximumAnswerTime = Duration.seconds(120)

    /// The same chunks, as long as they come within `duration`: a body that drips is cut off with the code `timeout`.
    public func within(_ duration: Duration, _ time: TimeSource) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = self.makeAsyncIterator()
            let deadline = time.now + duration
            return {
                let chunk = try await iterator.next()
                guard chunk == nil || time.now < deadline else {
                    throw HTTPTransportError(.timeout, "the answer took longer than \(duration.goText)")
                }
                return chunk
            }
        }
    }

    /// The same chunks for a body of `size` bytes that is not kept in memory: as long as they come faster, on the whole,
    /// than 16 KiB a second.
    public func within(timeFor size: Int64, _ time: TimeSource) -> HTTPBodyChunks {
        within(Self.maximumAnswerTime + .seconds(Swift.max(size, 0) / (16 << 10)), time)
    }
}
