import HTTPTransport
import Synchronization

@testable import KubernetesRuntime

/// The body of a response that a test feeds while it is read.
final class ByteStream: Sendable {
    private enum End { case clean, failed(HTTPTransportError) }
    private struct State {
        var chunks: [[UInt8]] = []
        var end: End?
    }
    private enum Step { case chunk([UInt8]), end, fail(HTTPTransportError), wait }

    private let state = Mutex(State())
    private let wake = WakeSignal()

    func send(_ text: String) {
        state.withLock { $0.chunks.append(Array(text.utf8)) }
        wake.signal()
    }

    func send(chunks: [[UInt8]]) {
        state.withLock { $0.chunks += chunks }
        wake.signal()
    }

    func finish(_ error: HTTPTransportError? = nil) {
        state.withLock { $0.end = error.map { .failed($0) } ?? .clean }
        wake.signal()
    }

    var body: HTTPBodyChunks {
        HTTPBodyChunks {
            {
                while true {
                    let step = self.state.withLock { state -> Step in
                        if !state.chunks.isEmpty { return .chunk(state.chunks.removeFirst()) }
                        switch state.end {
                        case .clean: return .end
                        case .failed(let error): return .fail(error)
                        case nil: return .wait
                        }
                    }
                    switch step {
                    case .chunk(let chunk): return chunk
                    case .end: return nil
                    case .fail(let error): throw error
                    case .wait: await self.wake.wait()
                    }
                    try Task.checkCancellation()
                }
            }
        }
    }
}
