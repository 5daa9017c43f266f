import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Testing
import TestSupport

@Suite("Watch events", .timeLimit(.minutes(1)))
struct WatchEventsTests {
    private func read(_ chunks: [[UInt8]]) async throws -> [String] {
        var events: [String] = []
        for try await event in WatchEvents<ConfigMap>(HTTPBodyChunks(chunks: chunks)) { events.append(text(event)) }
        return events
    }

    private func text(_ event: WatchEvent<ConfigMap>) -> String {
        switch event {
        case .added(let object): "+\(object.key)"
        case .modified(let object): "~\(object.key)"
        case .deleted(let object): "-\(object.key)"
        case .bookmark(let version, let isEnd): "#\(version)\(isEnd ? "!" : "")"
        case .error(let status): "E\(status.code)"
        case .undecodable(let object, let isDeletion): "?\(object.metadata.name)\(isDeletion ? "-" : "")"
        case .unknown(let type): "unknown \(type)"
        }
    }

    private let stream = #"""
        {"type":"ADDED","object":{"kind":"ConfigMap","metadata":{"name":"ä€😀","namespace":"n"},"data":{"k":"line\nbreak"}}}
        {"object":{"metadata":{"name":"b"}},"type":"MODIFIED"}

        {"type":"DELETED","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}}
        {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}
        {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8","annotations":{"k8s.io/initial-events-end":"true"}}}}
        {"type":"ADDED","object":{"kind":"ConfigMap","metadata":{"name":"bad"},"data":[]}}
        {"type":"DELETED","object":{"kind":"ConfigMap","metadata":{"name":"bad"},"data":[]}}
        {"type":"ADDED","object":{"kind":"Secret","metadata":{"name":"foreign"}}}
        {"type":"MOVED","object":{}}
        {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}

        """#
    private let expected = [
        "+n/ä€😀", "~b", "-b", "#7", "#8!", "?bad", "?bad-", "unknown ADDED of kind Secret", "unknown MOVED", "E410",
    ]

    @Test("W14 a stream in one chunk is read whole") func oneChunk() async throws {
        #expect(try await read([Array(stream.utf8)]) == expected)
    }

    @Test("W14 any split of the bytes gives the same events", arguments: 1...60)
    func anySplit(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        var rest = Array(stream.utf8)[...]
        var chunks: [[UInt8]] = []
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 0...(seed % 2 == 0 ? 3 : 200), using: &generator))
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try await read(chunks) == expected)
    }

    @Test("W14 a cut at any byte gives a beginning of the events and no error") func cutAnywhere() async throws {
        let bytes = Array(stream.utf8)
        for end in bytes.indices {
            let events = try await read([Array(bytes[..<end])])
            #expect(expected.starts(with: events))
        }
    }

    @Test("W14 a line beyond eight MiB fails with a clear error, also when its end never comes") func longLine() async {
        let chunk = [UInt8](repeating: 0x61, count: 1 << 20)
        let error = await #expect(throws: KubernetesError.self) { try await read(Array(repeating: chunk, count: 9)) }
        #expect(error?.code == .decoding)
        #expect(error?.message.contains("8 MiB") == true)
    }

    @Test("W14 a line that is no event fails, after the events before it") func garbage() async {
        for garbage in ["{", "[]", "nonsense", #"{"type":"ADDED"}"#, #"{"type":"ERROR","object":3}"#] {
            let error = await #expect(throws: KubernetesError.self) { try await read([Array((garbage + "\n").utf8)]) }
            #expect(error?.code == .decoding)
        }
    }

    @Test("W14 deep nesting is an error, not a crash") func deepNesting() async {
        let deep = String(repeating: "[", count: 100_000)
        let text = #"{"type":"ADDED","object":{"metadata":{"name":"a"},"x":"# + deep + "\n"
        await #expect(throws: KubernetesError.self) { try await read([Array(text.utf8)]) }
    }

    @Test("a failure of the transport and a cancellation keep their kind") func failures() async {
        let closed = HTTPBodyChunks { { throw HTTPTransportError(.closed, "reset") } }
        let first = await #expect(throws: KubernetesError.self) { for try await _ in WatchEvents<ConfigMap>(closed) {} }
        #expect(first?.code == .transport)
        let idle = HTTPBodyChunks { { throw HTTPTransportError(.idle, "silent") } }
        let second = await #expect(throws: KubernetesError.self) { for try await _ in WatchEvents<ConfigMap>(idle) {} }
        #expect(second?.code == .timeout)
        let cancelled = HTTPBodyChunks { { throw CancellationError() } }
        let third = await #expect(throws: KubernetesError.self) {
            for try await _ in WatchEvents<ConfigMap>(cancelled) {}
        }
        #expect(third?.code == .cancelled)
    }
}
