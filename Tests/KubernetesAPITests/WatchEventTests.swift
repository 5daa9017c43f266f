import JSON
import KubernetesAPI
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct WatchEventTests {
    private func event(_ text: String) throws -> WatchEvent<ConfigMap> {
        try WatchEvent<ConfigMap>(parsing: Array(text.utf8))
    }

    @Test(arguments: ["ADDED", "MODIFIED", "DELETED"])
    func aChangeCarriesItsObject(type: String) throws {
        let object = #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}"#
        // The members of an event come in any order.
        for text in [#"{"type":"\#(type)","object":\#(object)}"#, #"{"object":\#(object),"type":"\#(type)"}"#] {
            switch (type, try event(text)) {
            case ("ADDED", .added(let map)), ("MODIFIED", .modified(let map)), ("DELETED", .deleted(let map)):
                #expect(map.metadata.name == "a")
            case (_, let other): Issue.record("\(type) became \(other)")
            }
        }
    }

    @Test(arguments: [("true", true), ("false", false), ("", false)])
    func aBookmarkCarriesItsVersionAndMayEndTheInitialEvents(value: String, ends: Bool) throws {
        let annotations = value.isEmpty ? "null" : #"{"k8s.io/initial-events-end":"\#(value)"}"#
        let text =
            #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"12","annotations":\#(annotations)}}}"#
        guard case .bookmark("12", let initialEventsEnd) = try event(text) else {
            Issue.record("no bookmark")
            return
        }
        #expect(initialEventsEnd == ends)
    }

    @Test func anErrorCarriesAStatus() throws {
        let text = #"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#
        guard case .error(let status) = try event(text) else {
            Issue.record("no error")
            return
        }
        #expect(status.isExpired)
    }

    // W15
    @Test(arguments: [("ADDED", false), ("MODIFIED", false), ("DELETED", true)])
    func anObjectThatDoesNotDecodeIsReportedWithItsMetadata(type: String, isDeletion: Bool) throws {
        let text = #"{"type":"\#(type)","object":{"metadata":{"name":"a","resourceVersion":"5"},"data":[]}}"#
        guard case .undecodable(let object, isDeletion) = try event(text) else {
            Issue.record("not undecodable")
            return
        }
        #expect(object.metadata.name == "a")
        #expect(object.metadata.resourceVersion == "5")
        #expect(object.reason == "data: expected an object, got an array")
    }

    // W15
    @Test(arguments: [
        #"{"type":"COMPACTED","object":{}}"#, #"{"object":{}}"#,
        #"{"type":"ADDED","object":{"kind":"Secret","metadata":{"name":"a"}}}"#,
    ])
    func whatThisClientDoesNotKnowIsNamedAndNotAnError(text: String) throws {
        guard case .unknown = try event(text) else {
            Issue.record("not unknown: \(try event(text))")
            return
        }
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"type":"ADDED"}"#, #"{"type":1,"object":{}}"#, #"{"type":"ADDED","object":{}}{}"#,
        #"{"type":"ADDED","object":{"#, #"{"type":"ERROR","object":[]}"#,
    ])
    func whatIsNoEventIsRefused(text: String) {
        #expect(throws: JSONError.self) { try event(text) }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct WatchLineSplitterTests {
    private static let stream = Array("{\"a\":\"ß😀\"}\n\n{\"b\":\"\\n\"}\r\n \t\r\n{\"日\":1}\n{\"partial\":".utf8)
    private static let expected = ["{\"a\":\"ß😀\"}", "{\"b\":\"\\n\"}\r", "{\"日\":1}"]

    private func lines(_ chunks: [[UInt8]]) throws -> [String] {
        var splitter = WatchLineSplitter()
        var lines: [String] = []
        for chunk in chunks { lines += try splitter.lines(in: chunk).map { String(decoding: $0, as: UTF8.self) } }
        return lines
    }

    @Test func aStreamCutAtAnyByteGivesTheSameLines() throws {
        for index in 0...Self.stream.count {
            #expect(try lines([Array(Self.stream[..<index]), Array(Self.stream[index...])]) == Self.expected)
        }
        #expect(try lines(Self.stream.map { [$0] }) == Self.expected)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func anyChunkingGivesTheSameLines(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var rest = Self.stream[...]
        var chunks: [[UInt8]] = []
        while !rest.isEmpty {
            let count = Int.random(in: 0...7, using: &generator)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try lines(chunks) == Self.expected)
    }

    @Test func aLastLineWithoutItsEndIsNoEvent() throws {
        #expect(try lines([Array("{}".utf8)]).isEmpty)
    }

    @Test func aLineMayBeAsLongAsTheLimitAndNoLonger() throws {
        let chunk = [UInt8](repeating: 0x61, count: 1 << 20)
        var splitter = WatchLineSplitter()
        for _ in 0..<8 { #expect(try splitter.lines(in: chunk).isEmpty) }
        var full = splitter
        #expect(try full.lines(in: [0x0A]).map(\.count) == [WatchLineSplitter.maximumLineLength])
        #expect(throws: JSONError.self) { try splitter.lines(in: [0x61]) }
        var atOnce = WatchLineSplitter()
        #expect(throws: JSONError.self) {
            try atOnce.lines(in: [UInt8](repeating: 0x61, count: WatchLineSplitter.maximumLineLength + 1) + [0x0A])
        }
    }
}
