public import HTTPTransport
public import HTTPTypes
import Synchronization

/// A transport in front of another one that does what a fault script says.
public final class FaultInjectingTransport: HTTPTransport, Sendable {
    private let base: any HTTPTransport
    private let time: TimeSource
    private let script: Mutex<FaultScript>
    private let hits = Mutex(0)

    /// - Parameter time: what delays are measured by, and where a stalled body waits until its reader gives up.
    public init(_ base: any HTTPTransport, _ script: FaultScript, time: TimeSource) {
        self.base = base
        self.time = time
        self.script = Mutex(script)
    }

    /// How many faults there were.
    public var faultCount: Int { hits.withLock { $0 } }

    /// Follows another script from here on.
    public func follow(_ other: FaultScript) { script.withLock { $0 = other } }

    /// Sends the request through the script.
    public func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        let fault = script.withLock { $0.fault(for: request) }
        guard let fault else {
            return try await base.withResponse(to: request, body: body, timeouts: timeouts, consume)
        }
        hits.withLock { $0 += 1 }
        switch fault {
        case .refuse: throw HTTPTransportError(.connect, "connection refused")
        case .hang:
            try await time.sleep(for: timeouts.head)
            throw HTTPTransportError(.timeout, "no answer within \(timeouts.head)")
        case .status(let code, let reason, let retryAfter):
            let (response, chunks) = Self.status(code, reason, retryAfter)
            return try await consume(response, chunks)
        case .gone:
            let (response, chunks) = Self.status(410, "Expired", nil)
            return try await consume(response, chunks)
        case .loseAnswer:
            // The whole answer is read, so that the request has certainly been carried out.
            try await base.withResponse(to: request, body: body, timeouts: timeouts) { _, chunks in
                _ = try await chunks.collect(upTo: 1 << 28)
            }
            throw HTTPTransportError(.closed, "the connection ended before the answer")
        case .cleanClose: return try await consume(HTTPResponse(status: .ok), HTTPBodyChunks([]))
        case .goneInStream:
            let line = #"{"type":"ERROR","object":\#(Self.statusText(410, "Expired"))}"# + "\n"
            return try await consume(HTTPResponse(status: .ok), HTTPBodyChunks(Array(line.utf8)))
        case .stall:
            return try await consume(HTTPResponse(status: .ok), silent(timeouts.idleRead))
        case .drip(let pause):
            return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                try await consume(response, dripping(chunks, pause))
            }
        case .delay(let duration):
            try await time.sleep(for: duration)
            return try await base.withResponse(to: request, body: body, timeouts: timeouts, consume)
        case .dropAfter(let bytes):
            return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                try await consume(response, Self.cut(chunks, after: bytes))
            }
        case .split(let seed):
            return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                try await consume(response, Self.split(chunks, seed: seed))
            }
        case .duplicateEvents:
            return try await base.withResponse(to: request, body: body, timeouts: timeouts) { response, chunks in
                try await consume(response, Self.duplicated(chunks))
            }
        }
    }

    private static func statusText(_ code: Int, _ reason: String) -> String {
        #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"injected","reason":"\#(reason)","code":\#(code)}"#
    }

    private static func status(_ code: Int, _ reason: String, _ retryAfter: Int?) -> (HTTPResponse, HTTPBodyChunks) {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        let response = HTTPResponse(status: .init(code: code), headerFields: headers)
        return (response, HTTPBodyChunks(Array(statusText(code, reason).utf8)))
    }

    /// A body that stays silent until the reader's limit, as a black-holed connection does.
    private func silent(_ limit: Duration) -> HTTPBodyChunks {
        let time = time
        return HTTPBodyChunks {
            return {
                try await time.sleep(for: limit)
                throw HTTPTransportError(.idle, "the body was silent for \(limit)")
            }
        }
    }

    private func dripping(_ chunks: HTTPBodyChunks, _ pause: Duration) -> HTTPBodyChunks {
        let time = time
        return HTTPBodyChunks {
            var iterator = chunks.makeAsyncIterator()
            var rest: ArraySlice<UInt8> = []
            return {
                while rest.isEmpty {
                    guard let chunk = try await iterator.next() else { return nil }
                    rest = chunk[...]
                }
                try await time.sleep(for: pause)
                return rest.popFirst().map { [$0] }
            }
        }
    }

    private static func cut(_ chunks: HTTPBodyChunks, after limit: Int) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = chunks.makeAsyncIterator()
            var left = limit
            return {
                guard left > 0 else { throw HTTPTransportError(.closed, "the connection was cut") }
                guard let chunk = try await iterator.next() else { return nil }
                let part = chunk.prefix(left)
                left -= part.count
                return Array(part)
            }
        }
    }

    private static func split(_ chunks: HTTPBodyChunks, seed: UInt64) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = chunks.makeAsyncIterator()
            var generator = SplitMix64(seed: seed)
            var rest: ArraySlice<UInt8> = []
            return {
                while rest.isEmpty {
                    guard let chunk = try await iterator.next() else { return nil }
                    rest = chunk[...]
                }
                let part = rest.prefix(Int.random(in: 1...max(1, min(rest.count, 40)), using: &generator))
                rest = rest.dropFirst(part.count)
                return Array(part)
            }
        }
    }

    private static func duplicated(_ chunks: HTTPBodyChunks) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = chunks.makeAsyncIterator()
            var partial: [UInt8] = []
            return {
                while let chunk = try await iterator.next() {
                    partial += chunk
                    var whole: [UInt8] = []
                    while let end = partial.firstIndex(of: 0x0A) {
                        let line = partial[...end]
                        whole += line + line
                        partial.removeSubrange(...end)
                    }
                    if !whole.isEmpty { return whole }
                }
                return nil
            }
        }
    }
}
