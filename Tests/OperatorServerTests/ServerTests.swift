import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import Logging
import Metrics
import ServiceLifecycle
import Synchronization
import Testing

@testable import OperatorServer

/// Over real sockets: what the kubelet and Prometheus see.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    private struct Answer: Equatable {
        var status: Int
        var type: String?
        var length: String?
        var text: String
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func ask(_ url: String, _ method: HTTPRequest.Method = .get) async throws -> Answer {
        let pool = ClientPool()
        let result: Result<Answer, any Error>
        do {
            let request = try #require(HTTPURL(url)).request(method)
            let answer = try await pool.transport().withResponse(to: request, body: nil, timeouts: .call) {
                head,
                chunks in
                Answer(
                    status: head.status.code,
                    type: head.headerFields[.contentType],
                    length: head.headerFields[.contentLength],
                    text: String(decoding: try await chunks.collect(upTo: 1 << 20), as: UTF8.self)
                )
            }
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    /// Runs a service beside `body`, which gets its port, and ends it in order.
    private func serving(
        _ make: (@escaping @Sendable (Int) -> Void) -> any ServiceLifecycle.Service,
        _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, feed) = AsyncStream<Int>.makeStream()
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: make { feed.yield($0) })], logger: Self.quiet)
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { feed.finish() }
                try await group.run()
            }
            for await port in ports {
                try await body(port)
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    private func probes(
        _ host: String = "",
        ready: @escaping @Sendable () -> String? = { nil }
    )
        -> (@escaping @Sendable (Int) -> Void) -> any ServiceLifecycle.Service
    {
        { onListening in
            ProbeServer(
                ListenAddress(host: host, port: 0),
                live: [.ping],
                ready: [HealthCheck("informer-pods", ready)],
                logger: Self.quiet,
                onListening: onListening
            )
        }
    }

    @Test func aServerOfAllInterfacesAnswersByIPv4AndIPv6() async throws {
        try await serving(probes()) { port in
            let expected = Answer(status: 200, type: "text/plain; charset=utf-8", length: "3", text: "ok\n")
            let byIPv4 = try await ask("http://127.0.0.1:\(port)/livez")
            let byIPv6 = try await ask("http://[::1]:\(port)/livez")
            #expect(byIPv4 == expected)
            #expect(byIPv6 == expected)
        }
    }

    @Test func readinessFollowsItsChecks() async throws {
        let problem = Mutex<String?>("pods: not read yet")
        try await serving(probes("127.0.0.1") { problem.withLock { $0 } }) { port in
            let url = "http://127.0.0.1:\(port)/readyz"
            let first = try await ask(url)
            #expect(first.status == 503)
            #expect(first.text == "[-]informer-pods failed: pods: not read yet\nreadyz check failed\n")
            problem.withLock { $0 = nil }
            #expect(try await ask(url).text == "ok\n")
            #expect(try await ask(url + "?verbose").text == "[+]informer-pods ok\nreadyz check passed\n")
        }
    }

    @Test func headHasTheLengthAndNoBodyAndOtherMethodsAndPathsAreRefused() async throws {
        try await serving(probes("127.0.0.1")) { port in
            let url = "http://127.0.0.1:\(port)"
            let head = try await ask(url + "/livez", .head)
            #expect(head == Answer(status: 200, type: "text/plain; charset=utf-8", length: "3", text: ""))
            #expect(try await ask(url + "/livez", .post).status == 405)
            for path in ["", "/", "/metrics", "/livezz", "/livez/none"] {
                #expect(try await ask(url + path).status == 404, "\(path)")
            }
        }
    }

    @Test func metricsAreServedInTheTextFormat() async throws {
        let registry = MetricsRegistry()
        Counter(label: "workqueue_adds_total", dimensions: [("name", "q")], factory: registry).increment()
        try await serving { onListening in
            MetricsServer(
                ListenAddress(host: "127.0.0.1", port: 0),
                registry: registry,
                logger: Self.quiet,
                onListening: onListening
            )
        } _: { port in
            let answer = try await ask("http://127.0.0.1:\(port)/metrics")
            #expect(answer.status == 200 && answer.type == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.text.contains("\nworkqueue_adds_total{name=\"q\"} 1\n"))
            #expect(try await ask("http://127.0.0.1:\(port)/livez").status == 404)
        }
    }

    @Test func aPortThatIsTakenIsNamedWithItsOption() async throws {
        try await serving(probes("127.0.0.1")) { port in
            let second = ProbeServer(
                ListenAddress(host: "127.0.0.1", port: port),
                live: [],
                ready: [],
                logger: Self.quiet
            )
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(error?.description.hasPrefix("--health-address: cannot listen on 127.0.0.1:\(port): ") == true)
        }
    }
}
