import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ServiceLifecycle
import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Reflector: requests", .timeLimit(.minutes(1)))
struct ReflectorTests {
    private let clock = TestClock()
    private let store = Store<ConfigMap>()

    /// Answers the requests in order; later ones are never answered.
    private func script(_ answers: [@Sendable (HTTPRequest) throws -> FakeTransport.Answer]) -> FakeTransport {
        let position = Shared(0)
        return FakeTransport { request, _ in
            let index = position.withValue { position in
                position += 1
                return position - 1
            }
            guard index < answers.count else {
                await WakeSignal().wait()
                throw CancellationError()
            }
            return try answers[index](request)
        }
    }

    private func withReflector(
        _ transport: FakeTransport,
        _ options: ReflectorOptions = ReflectorOptions(),
        onUndecodable: @escaping @Sendable (UndecodableObject) -> Void = { _ in },
        afterReplace: @escaping @Sendable () -> Void = {},
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let reflector = Reflector(
            store,
            client: makeClient(transport, clock),
            options: options,
            time: clock.timeSource(),
            random: { 0 },
            logger: quiet,
            onUndecodable: onUndecodable,
            afterReplace: afterReplace
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await reflector.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func names() -> [String] { store.keys.map(\.name) }

    @Test("W1 one stream fills the store and keeps it in step, however it is cut into chunks")
    func watchListFillsStore() async throws {
        let stream = ByteStream()
        let transport = script([{ _ in FakeTransport.Answer(200, [:], stream.body) }])
        let options = ReflectorOptions(namespaces: .only("n"), labelSelector: "app", fieldSelector: "f")
        let replacements = Shared(0)
        try await withReflector(transport, options, afterReplace: { replacements.withValue { $0 += 1 } }) {
            var text =
                line("ADDED", object("ä", "3")) + line("ADDED", object("b", "1")) + bookmarkLine("5", isEnd: true)
            text += line("MODIFIED", object("b", "6")) + line("DELETED", object("ä", "7"))
            for byte in text.utf8 { stream.send(chunks: [[byte]]) }
            #expect(await eventually { names() == ["b"] })
            #expect(store[ObjectKey(namespace: "n", name: "b")]?.metadata.resourceVersion == "6")
            #expect(store.isSynced)
            #expect(replacements.value == 1)
        }
        let request = try #require(transport.exchanges.first)
        #expect(request.request.pathOnly == "/api/v1/namespaces/n/configmaps")
        #expect(
            request.request.parameters == [
                "watch": "true", "allowWatchBookmarks": "true", "sendInitialEvents": "true", "labelSelector": "app",
                "fieldSelector": "f", "resourceVersion": "", "resourceVersionMatch": "NotOlderThan",
                "timeoutSeconds": "240",
            ]
        )
        #expect(transport.exchanges.count == 1)
    }

    @Test("W2, W4, W9 without WatchList a list and watches that follow each other") func listAndWatch() async throws {
        let streams = [ByteStream(), ByteStream()]
        let transport = script([
            { _ in .failure(422, "Invalid", "sendInitialEvents: unknown") },
            { _ in listAnswer([object("a", "1")], "5") },
            { _ in FakeTransport.Answer(200, [:], streams[0].body) },
            { _ in FakeTransport.Answer(200, [:], streams[1].body) },
        ])
        try await withReflector(transport) {
            streams[0].send(bookmarkLine("8"))
            #expect(await eventually { transport.exchanges.count == 3 })
            clock.advance(by: .seconds(2))
            streams[0].finish()
            streams[1].send(line("ADDED", object("c", "9")))
            #expect(await eventually { names() == ["a", "c"] })
        }
        #expect(transport.exchanges.map { $0.request.parameters["resourceVersion"] } == ["", "0", "5", "8"])
        #expect(transport.exchanges[1].request.parameters["limit"] == "500")
    }

    @Test("W3 thirty seconds of silence among initial events lead to a list") func silentServer() async throws {
        let silent = ByteStream()
        let stream = ByteStream()
        let transport = script([
            { _ in FakeTransport.Answer(200, [:], silent.body) },
            { _ in listAnswer([object("a", "1")], "5") },
            { _ in FakeTransport.Answer(200, [:], stream.body) },
        ])
        try await withReflector(transport) {
            silent.send(line("ADDED", object("z", "1")))
            await clock.waitForSleepers()
            clock.advance(by: .milliseconds(29_999))
            for _ in 0..<200 { await Task.yield() }
            #expect(!store.isSynced)
            #expect(transport.exchanges.count == 1)
            clock.advance(by: .milliseconds(1))
            #expect(await eventually { names() == ["a"] })
        }
    }

    @Test("W3 the silence counts from the last event") func talkingServer() async throws {
        let stream = ByteStream()
        let transport = script([{ _ in FakeTransport.Answer(200, [:], stream.body) }])
        try await withReflector(transport) {
            for step in 0..<4 {
                await clock.waitForSleepers()
                clock.advance(by: .seconds(20))
                stream.send(line("ADDED", object("o\(step)", "1")))
                for _ in 0..<200 { await Task.yield() }
            }
            stream.send(bookmarkLine("9", isEnd: true))
            #expect(await eventually { store.count == 4 })
        }
        #expect(transport.exchanges.count == 1)
    }

    @Test("W10 410 as HTTP status on opening a watch leads to a list at the last version") func expiredOnOpening()
        async throws
    {
        let transport = script([
            { _ in listAnswer([object("a", "1")], "5") },
            { _ in .failure(410, "Expired") },
            { _ in listAnswer([object("b", "7")], "8") },
        ])
        try await withReflector(transport, ReflectorOptions(usesWatchList: false)) {
            #expect(await eventually { transport.exchanges.count == 2 && clock.sleeperCount == 1 })
            clock.advance(by: .milliseconds(800))
            #expect(await eventually { names() == ["b"] })
        }
        #expect(transport.exchanges[2].request.parameters["resourceVersion"] == "5")
    }

    @Test("W13 the read limit of a watch is five seconds beyond its end, and its passing lists nothing")
    func idleWatch() async throws {
        let stream = ByteStream()
        let transport = script([
            { _ in listAnswer([object("a", "1")], "5") },
            { _ in FakeTransport.Answer(200, [:], stream.body) },
        ])
        try await withReflector(transport, ReflectorOptions(usesWatchList: false)) {
            #expect(await eventually { transport.exchanges.count == 2 })
            clock.advance(by: .seconds(245))
            stream.finish(HTTPTransportError(.idle, "silent"))
            #expect(await eventually { transport.exchanges.count == 3 })
        }
        #expect(transport.exchanges[1].timeouts.idleRead == .seconds(245))
        #expect(transport.exchanges[2].request.parameters["watch"] == "true")
        #expect(store.health.failure == nil)
    }

    @Test("W15 objects that cannot be read are reported with their names; the others arrive") func undecodable()
        async throws
    {
        let stream = ByteStream()
        let transport = script([{ _ in FakeTransport.Answer(200, [:], stream.body) }])
        let reported = Shared<[String]>([])
        try await withReflector(
            transport,
            onUndecodable: { object in reported.withValue { $0.append(object.metadata.name) } }
        ) {
            let bad =
                #"{"type":"ADDED","object":{"kind":"ConfigMap","metadata":{"name":"bad","namespace":"n"},"data":7}}"#
            stream.send(bad + "\n" + line("ADDED", object("a", "1")) + bookmarkLine("5", isEnd: true))
            stream.send(bad.replacing("bad", with: "worse") + "\n")
            stream.send(#"{"type":"ADDED","object":{"kind":"Secret","metadata":{"name":"foreign"}}}"# + "\n")
            stream.send(line("ADDED", object("b", "6")))
            #expect(await eventually { names() == ["a", "b"] })
        }
        #expect(reported.value == ["bad", "worse"])
        #expect(store.undecodable(ObjectKey(namespace: "n", name: "worse")) != nil)
    }

    @Test("W19 a missing permission is retried for ever and shows in the health until it is granted") func forbidden()
        async throws
    {
        let granted = Shared(false)
        let transport = FakeTransport { request, _ in
            if !granted.value { return .failure(403, "Forbidden", "configmaps is forbidden") }
            if request.parameters["watch"] == nil { return listAnswer([object("a", "1")], "5") }
            await WakeSignal().wait()
            throw CancellationError()
        }
        try await withReflector(transport, ReflectorOptions(usesWatchList: false)) {
            for _ in 0..<10 {
                #expect(await eventually { clock.sleeperCount == 1 })
                clock.advanceToNextDeadline()
            }
            #expect(await eventually { (store.health.failure?.count ?? 0) >= 10 })
            let problem = store.health.problem(now: clock.now)
            #expect(problem?.contains("configmaps") == true)
            #expect(problem?.contains("forbidden") == true)
            granted.withValue { $0 = true }
            #expect(
                await eventually {
                    clock.advanceToNextDeadline()
                    return store.isSynced && store.health.failure == nil
                }
            )
        }
    }

    @Test("a graceful shutdown ends the reflector without an error") func gracefulShutdown() async throws {
        let transport = script([])
        let reflector = Reflector(
            store,
            client: makeClient(transport, clock),
            time: clock.timeSource(),
            random: { 0 },
            logger: quiet
        )
        let group = ServiceGroup(configuration: .init(services: [.init(service: reflector)], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            #expect(await eventually { transport.exchanges.count == 1 })
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("through bytes, cuts and refusals the store becomes equal to the server", arguments: 1...20)
    func storeEqualsServer(_ seed: UInt64) async throws {
        let server = CollectionServer(seed: seed)
        var generator = SplitMix64(seed: seed)
        let transport = FakeTransport { request, _ in try await server.answer(request) }
        let operations = (0..<120).map { _ in Int.random(in: 0..<100, using: &generator) }
        try await withReflector(transport) {
            for operation in operations {
                server.mutate(operation)
                await Task.yield()
                if operation % 5 == 0 { clock.advanceToNextDeadline() }
            }
            server.calm()
            let isEqual = await eventually(20_000) {
                if server.objects.count == store.count, server.objects.allSatisfy({ store[$0.key] == $0.value }) {
                    return true
                }
                clock.advanceToNextDeadline()
                return false
            }
            #expect(isEqual, "seed \(seed)")
        }
    }
}
