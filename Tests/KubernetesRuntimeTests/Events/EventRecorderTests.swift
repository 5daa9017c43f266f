import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ServiceLifecycle
import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Event recorder", .timeLimit(.minutes(1)))
struct EventRecorderTests {
    private let clock = TestClock()
    private let metrics = TestMetrics()

    private func makeRecorder(_ transport: FakeTransport, unit: Double = 0) -> EventRecorder {
        EventRecorder(
            controller: "example.dev/operator",
            instance: "pod-1",
            client: makeClient(transport, clock),
            fieldManager: FieldManager("test"),
            time: clock.timeSource(),
            random: { unit },
            metrics: metrics,
            logger: quiet
        )
    }

    private func withRunning(_ recorder: EventRecorder, _ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await recorder.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func record(
        _ recorder: EventRecorder,
        _ reason: String = "Applied",
        note: String = "note",
        name: String = "app"
    ) {
        recorder.record(
            reason: reason,
            action: "Apply",
            note: note,
            regarding: ObjectReference(ConfigMap.resource, ObjectKey(namespace: "n", name: name), uid: "u")
        )
    }

    private func count(_ label: String) -> Double? { metrics[label]?.sum }

    private func created(_ body: [UInt8]) -> FakeTransport.Answer {
        FakeTransport.Answer(201, [:], HTTPBodyChunks(body))
    }

    @Test("E1, E3 the first event is posted, the second patches its series, the third sends nothing") func requests()
        async throws
    {
        let transport = FakeTransport { _, body in FakeTransport.Answer(200, [:], HTTPBodyChunks(body)) }
        let recorder = makeRecorder(transport)
        try await withRunning(recorder) {
            for _ in 0..<3 { record(recorder) }
            record(recorder, "Last")
            #expect(await eventually { transport.exchanges.count == 3 && count("events_written_total") == 3 })
        }
        let exchanges = transport.exchanges
        #expect(exchanges.map(\.request.method) == [.post, .patch, .post])
        let first = try Event(parsing: exchanges[0].body)
        #expect(first.reportingController == "example.dev/operator")
        #expect(first.reportingInstance == "pod-1")
        #expect(exchanges[0].request.pathOnly == "/apis/events.k8s.io/v1/namespaces/n/events")
        #expect(exchanges[1].request.pathOnly == "/apis/events.k8s.io/v1/namespaces/n/events/\(first.metadata.name)")
        #expect(exchanges[1].request.headerFields[.contentType] == "application/merge-patch+json")
        let patch = try JSONValue(parsing: exchanges[1].body)
        #expect(patch.object?.keys.elementsEqual(["series"]) == true)
        #expect(patch["series"]?["count"] == 2)
    }

    @Test("E1 reason, action and note are clipped to what the API takes") func clipping() async throws {
        let transport = FakeTransport { _, body in FakeTransport.Answer(201, [:], HTTPBodyChunks(body)) }
        let recorder = makeRecorder(transport)
        let long = String(repeating: "é", count: 2000)
        try await withRunning(recorder) {
            recorder.record(
                .warning,
                reason: long,
                action: long,
                note: long,
                regarding: ObjectReference(ConfigMap.resource, ObjectKey(namespace: "n", name: "app"))
            )
            #expect(await eventually { transport.exchanges.count == 1 })
        }
        let event = try Event(parsing: transport.exchanges[0].body)
        #expect(event.reason.utf8.count == 128)
        #expect(event.action.utf8.count == 128)
        #expect(event.note.utf8.count == 1024)
        #expect(event.type == "Warning")
    }

    @Test("E4 a running series is written again after thirty minutes") func refresh() async throws {
        let transport = FakeTransport { _, body in FakeTransport.Answer(200, [:], HTTPBodyChunks(body)) }
        let recorder = makeRecorder(transport)
        try await withRunning(recorder) {
            for minute in 0...30 {
                record(recorder)
                #expect(await eventually { recorder.isIdle && clock.sleeperCount == 1 })
                if minute < 30 { clock.advance(by: .seconds(60)) }
            }
            #expect(await eventually { transport.exchanges.count == 3 })
        }
        let last = try JSONValue(parsing: transport.exchanges[2].body)
        #expect(last["series"]?["count"] == 30 || last["series"]?["count"] == 31)
    }

    @Test("E5 a series whose event is gone is posted anew under its name") func patchOfMissing() async throws {
        let transport = FakeTransport { request, body in
            request.method == .patch ? .failure(404, "NotFound") : FakeTransport.Answer(201, [:], HTTPBodyChunks(body))
        }
        let recorder = makeRecorder(transport)
        try await withRunning(recorder) {
            record(recorder)
            record(recorder)
            #expect(await eventually { count("events_written_total") == 2 })
        }
        #expect(transport.exchanges.map(\.request.method) == [.post, .patch, .post])
        let again = try Event(parsing: transport.exchanges[2].body)
        #expect(again.series?.count == 2)
        #expect(again.metadata.name == (try Event(parsing: transport.exchanges[0].body)).metadata.name)
    }

    @Test("E5 a series that exists after all is patched again") func postOfExisting() async throws {
        let step = Shared(0)
        let transport = FakeTransport { _, body in
            let index = step.withValue { step in
                step += 1
                return step
            }
            return switch index {
            case 2: .failure(404, "NotFound")
            case 3: .failure(409, "AlreadyExists")
            default: FakeTransport.Answer(200, [:], HTTPBodyChunks(body))
            }
        }
        let recorder = makeRecorder(transport, unit: 1)
        try await withRunning(recorder) {
            record(recorder)
            record(recorder)
            #expect(
                await eventually {
                    transport.exchanges.count == 3 && clock.nextDeadline == clock.now + .milliseconds(12_500)
                }
            )
            clock.advance(by: .milliseconds(12_500))
            #expect(await eventually { count("events_written_total") == 2 })
        }
        #expect(transport.exchanges.map(\.request.method) == [.post, .patch, .post, .patch])
    }

    @Test("E6 beyond a thousand waiting events new ones are dropped and counted; recording never waits") func overflow()
    {
        let recorder = makeRecorder(FakeTransport { _, _ in throw CancellationError() })
        for index in 0..<1010 { record(recorder, name: "o\(index)") }
        #expect(count("events_dropped_total") == 10)
    }

    @Test(
        "E7 a server that cannot be reached is tried twelve times, every ten seconds and up to a quarter more",
        arguments: [0.2, 1]
    )
    func unreachable(_ unit: Double) async throws {
        let transport = FakeTransport { _, _ in throw HTTPTransportError(.connect, "refused") }
        let recorder = makeRecorder(transport, unit: unit)
        try await withRunning(recorder) {
            record(recorder)
            for attempt in 1..<12 {
                // By its deadline: while a request is under way its limit of ten seconds is the sleeper.
                let wait = Duration.seconds(10).stretched(by: 0.25, unit: unit)
                #expect(
                    await eventually {
                        transport.exchanges.count == attempt && clock.nextDeadline == clock.now + wait
                    }
                )
                clock.advance(by: wait)
            }
            #expect(await eventually { count("events_dropped_total") == 1 })
        }
        #expect(transport.exchanges.count == 12)
    }

    @Test("E7 what the server refuses is not tried again, and the next event is sent") func refused() async throws {
        let transport = FakeTransport { _, _ in .failure(403, "Forbidden") }
        let recorder = makeRecorder(transport)
        try await withRunning(recorder) {
            record(recorder, "A")
            record(recorder, "B")
            #expect(await eventually { count("events_dropped_total") == 2 })
        }
        #expect(transport.exchanges.count == 2)
    }

    @Test("E7 a server that does not answer within ten seconds counts as one that cannot be reached") func silent()
        async throws
    {
        let transport = FakeTransport { _, _ in
            await WakeSignal().wait()
            throw CancellationError()
        }
        let recorder = makeRecorder(transport, unit: 1)
        try await withRunning(recorder) {
            record(recorder)
            #expect(
                await eventually { transport.exchanges.count == 1 && clock.nextDeadline == clock.now + .seconds(10) }
            )
            clock.advance(by: .seconds(10))
            #expect(await eventually { clock.nextDeadline == clock.now + .milliseconds(12_500) })
            clock.advance(by: .milliseconds(12_500))
            #expect(await eventually { transport.exchanges.count == 2 })
        }
    }

    @Test("at a graceful shutdown what waits is still written") func shutdownWrites() async throws {
        let transport = FakeTransport { _, body in FakeTransport.Answer(201, [:], HTTPBodyChunks(body)) }
        let recorder = makeRecorder(transport)
        for index in 0..<50 { record(recorder, name: "o\(index)") }
        try await runUntilShutdown(recorder) {}
        #expect(transport.exchanges.count == 50)
    }

    @Test("at a graceful shutdown nobody waits for a server that cannot be reached") func shutdownGivesUp() async throws
    {
        let transport = FakeTransport { _, _ in throw HTTPTransportError(.connect, "refused") }
        let recorder = makeRecorder(transport, unit: 1)
        for index in 0..<50 { record(recorder, name: "o\(index)") }
        try await runUntilShutdown(recorder) {
            #expect(await eventually { clock.nextDeadline == clock.now + .milliseconds(12_500) })
        }
        #expect(transport.exchanges.count <= 2)
        #expect(count("events_dropped_total") == 50)
        #expect(clock.elapsed == .zero)
    }

    @Test("at a graceful shutdown a server that does not answer holds up nobody for more than five seconds")
    func shutdownIsBounded() async throws {
        let transport = FakeTransport { _, _ in
            await WakeSignal().wait()
            throw CancellationError()
        }
        let recorder = makeRecorder(transport)
        for index in 0..<50 { record(recorder, name: "o\(index)") }
        let group = ServiceGroup(configuration: .init(services: [.init(service: recorder)], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            #expect(await eventually { transport.exchanges.count == 1 })
            await group.triggerGracefulShutdown()
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(5) })
            clock.advance(by: .seconds(5))
            try await tasks.waitForAll()
        }
        #expect(count("events_dropped_total") == 50)
        #expect(clock.elapsed == .seconds(5))
    }

    private func runUntilShutdown(_ recorder: EventRecorder, _ body: @Sendable () async -> Void) async throws {
        let group = ServiceGroup(configuration: .init(services: [.init(service: recorder)], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
