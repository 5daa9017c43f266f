public import HTTPTransport
public import KubernetesAPI

/// The events of an open watch, pulled one at a time: a slow consumer slows the server, nothing is buffered.
///
/// Ends where the stream ends. A cut inside a line is an end, not an error; a line that is not an event, or one that is
/// too long, throws `KubernetesError.decoding`.
public struct WatchEvents<Object: KubernetesObject>: AsyncSequence {
    /// One event.
    public typealias Element = WatchEvent<Object>
    /// What ends a watch early.
    public typealias Failure = KubernetesError

    private let chunks: HTTPBodyChunks

    /// The events in `chunks`.
    public init(_ chunks: HTTPBodyChunks) { self.chunks = chunks }

    /// Pulls events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var chunks: HTTPBodyChunks.AsyncIterator
        private var splitter = WatchLineSplitter()
        private var lines: ArraySlice<[UInt8]> = []

        init(_ chunks: HTTPBodyChunks) { self.chunks = chunks.makeAsyncIterator() }

        /// The next event, or nil at the end of the stream.
        public mutating func next() async throws(KubernetesError) -> WatchEvent<Object>? {
            do {
                while lines.isEmpty {
                    guard let chunk = try await chunks.next() else { return nil }
                    lines = try splitter.lines(in: chunk)[...]
                }
                guard let line = lines.popFirst() else { return nil }
                return try WatchEvent(parsing: line)
            } catch let error as KubernetesError {
                throw error
            } catch let error as HTTPTransportError {
                throw KubernetesError(wrapping: error, "watch of \(Object.resource)")
            } catch is CancellationError {
                throw KubernetesError(.cancelled, "watch of \(Object.resource): cancelled")
            } catch {
                throw KubernetesError(.decoding, "watch of \(Object.resource): \(error)", underlying: error)
            }
        }
    }

    /// Starts pulling.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks) }
}
