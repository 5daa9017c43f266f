import HTTPTransport

/// Streams what a watch has to send: pulls from the state, and waits for changes, bookmark times and the timeout.
struct WatchStream {
    private let server: DevAPIServer
    private var cursor: WatchCursor
    private let deadline: ContinuousClock.Instant
    private var nextBookmark: ContinuousClock.Instant
    private var hasEnded = false

    /// A minute between bookmarks (apiserver `cacher.go`: `bookmarkFrequency`).
    private static let bookmarkInterval = Duration.seconds(60)
    /// How long before the end a last bookmark comes (`cacher.go`: two seconds before the deadline).
    private static let lastBookmark = Duration.seconds(2)

    init(_ server: DevAPIServer, _ cursor: WatchCursor) {
        self.server = server
        self.cursor = cursor
        let start = server.time.now
        deadline = start.advanced(by: .seconds(cursor.timeoutSeconds))
        nextBookmark = WatchStream.bookmark(after: start, before: deadline)
    }

    private static func bookmark(
        after start: ContinuousClock.Instant,
        before deadline: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        let last = deadline.advanced(by: .zero - lastBookmark)
        let next = start.advanced(by: bookmarkInterval)
        return start < last ? min(next, last) : deadline
    }

    /// The next lines, or nil at the end of the watch.
    mutating func next() async throws -> [UInt8]? {
        while !hasEnded {
            let seen = server.changes.count
            switch server.pull(&cursor) {
            case .lines(let lines): return lines
            case .last(let lines):
                hasEnded = true
                return lines.isEmpty ? nil : lines
            case .nothing: break
            }
            let now = server.time.now
            if now >= deadline { return nil }
            if now >= nextBookmark {
                nextBookmark = WatchStream.bookmark(after: now, before: deadline)
                if let line = server.bookmark(&cursor) { return line }
            }
            try await server.waitForChange(after: seen, orUntil: min(nextBookmark, deadline))
        }
        return nil
    }
}
