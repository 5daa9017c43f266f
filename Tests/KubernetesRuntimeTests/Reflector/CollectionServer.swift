import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Synchronization
import TestSupport

@testable import KubernetesRuntime

/// A simulated collection behind requests and bytes, with faults by chance until it is told to be calm.
final class CollectionServer: Sendable {
    private struct State {
        var collection: SimulatedCollection
        var generator: SplitMix64
        var isCalm = false

        mutating func chance(_ percent: Int) -> Bool { !isCalm && Int.random(in: 0..<100, using: &generator) < percent }
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(collection: SimulatedCollection(seed: seed), generator: SplitMix64(seed: seed &+ 1)))
    }

    var objects: [ObjectKey: ConfigMap] { state.withLock { $0.collection.objects } }

    func calm() { state.withLock { $0.isCalm = true } }

    func mutate(_ operation: Int) {
        state.withLock { state in
            switch operation {
            case 0..<60: state.collection.put("o\(operation % 9)")
            case 60..<85: state.collection.remove("o\(operation % 9)")
            case 85..<90: state.collection.compact()
            case 90: state.collection.initialEvents = .refused
            case 91: state.collection.initialEvents = .sent
            default: break
            }
        }
    }

    func answer(_ request: HTTPRequest) async throws -> FakeTransport.Answer {
        let parameters = request.parameters
        if state.withLock({ $0.chance(10) }) { throw HTTPTransportError(.connect, "refused") }
        if state.withLock({ $0.chance(5) }) { return .failure(500, "InternalError") }
        if parameters["watch"] == "true" { return watch(parameters) }
        let options = ListOptions(
            limit: parameters["limit"].flatMap { Int($0) },
            continueToken: parameters["continue"]?.replacing("%3A", with: ":"),
            resourceVersion: parameters["resourceVersion"]
        )
        switch state.withLock({ $0.collection.list(options) }) {
        case .failure(let error): return failure(error)
        case .success(let page):
            return .json(
                200,
                [
                    "metadata": [
                        "resourceVersion": .string(page.resourceVersion),
                        "continue": .string(page.continueToken ?? ""),
                    ],
                    "items": .array(page.items.map(\.document)),
                ]
            )
        }
    }

    private func failure(_ error: KubernetesError) -> FakeTransport.Answer {
        .failure(Int(error.status?.code ?? 500), error.status?.reason ?? "", error.message)
    }

    private func watch(_ parameters: [String: String]) -> FakeTransport.Answer {
        let options = WatchOptions(
            resourceVersion: parameters["resourceVersion"],
            timeoutSeconds: 240,
            sendsInitialEvents: parameters["sendInitialEvents"] == "true"
        )
        switch state.withLock({ $0.collection.watch(options) }) {
        case .failure(let error): return failure(error)
        case .success(let start): return FakeTransport.Answer(200, [:], body(start.events, start.version))
        }
    }

    /// The events as bytes in chunks of any size; a cut may fall anywhere.
    private func body(_ initial: [WatchEvent<ConfigMap>], _ version: Int) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var bytes = initial.flatMap { Array(Self.text($0).utf8) }
            var position = version
            return {
                while bytes.isEmpty {
                    try Task.checkCancellation()
                    if self.state.withLock({ $0.chance(2) }) { return nil }
                    if let next = self.state.withLock({ $0.collection.event(after: position) }) {
                        position = next.version
                        bytes = Array(Self.text(next.event).utf8)
                        if case .error = next.event { position = Int.max }
                    } else {
                        await Task.yield()
                    }
                }
                if self.state.withLock({ $0.chance(3) }) { throw HTTPTransportError(.closed, "reset") }
                let count = self.state.withLock { Int.random(in: 1...64, using: &$0.generator) }
                let chunk = Array(bytes.prefix(count))
                bytes.removeFirst(chunk.count)
                return chunk
            }
        }
    }

    private static func text(_ event: WatchEvent<ConfigMap>) -> String {
        switch event {
        case .added(let object): line("ADDED", object)
        case .modified(let object): line("MODIFIED", object)
        case .deleted(let object): line("DELETED", object)
        case .bookmark(let version, let isEnd): bookmarkLine(version, isEnd: isEnd)
        case .error(let status): JSONValue.object(["type": "ERROR", "object": status.json]).canonicalText + "\n"
        case .undecodable, .unknown: ""
        }
    }
}
