import Artifacts
import HTTPTransport
import HTTPTypes
import Selection
import Synchronization

/// A transport that notes what time it is where the answers come from.
///
/// The operator's clock and that of a store differ. Whether an upload has settled is asked of one clock alone, the
/// store's: its `Date` header against the times of its own objects. Where a store sends no `Date`, the two clocks are
/// taken to agree.
final class SourceClock: HTTPTransport {
    private let base: any HTTPTransport
    private let time: TimeSource
    private let lead = Mutex<Milliseconds?>(nil)

    init(_ base: any HTTPTransport, time: TimeSource) {
        self.base = base
        self.time = time
    }

    /// By how much the source's clock is ahead of ours at the least. The header counts whole seconds and is read after
    /// it was written, so the true lead is larger by up to a second and the way back.
    var ahead: Milliseconds { lead.withLock { $0 ?? 0 } }

    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
            note(response)
            return try await consume(response, chunks)
        }
    }

    private func note(_ response: HTTPResponse) {
        guard let date = response.headerFields[.date].flatMap({ Timestamp(httpDate: $0) }) else { return }
        let bound = date.milliseconds - time.date().milliseconds
        // Each answer bounds the same lead from below: the greatest bound is the best.
        lead.withLock { $0 = max($0 ?? bound, bound) }
    }
}
