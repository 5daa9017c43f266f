import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport
import Testing
import Trust

@testable import CloudIdentity

/// A cloud that answers from a closure, on a clock that stands still.
struct Cloud: Sendable {
    let clock = TestClock()
    let transport: FakeTransport
    let channel: IdentityChannel

    init(_ answer: @escaping @Sendable (HTTPRequest, [UInt8]) async throws -> FakeTransport.Answer) {
        let transport = FakeTransport(answer)
        self.transport = transport
        channel = IdentityChannel(transport: transport, time: clock.timeSource(), random: { 0.25 })
    }

    /// Method and URL of what was sent.
    var log: [String] {
        transport.exchanges.map { exchange in
            let request = exchange.request
            return "\(request.method) \(request.scheme ?? "")://\(request.authority ?? "")\(request.path ?? "")"
        }
    }

    /// The form of a request, decoded.
    func form(_ index: Int) -> [String: String] { Self.form(transport.exchanges[index].body) }

    static func form(_ body: [UInt8]) -> [String: String] {
        let pairs = String(decoding: body, as: UTF8.self).split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count == 2 ? HTTPURL.decode(parts[1]) ?? "" : "")
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// Runs `body` and moves the clock on whenever it waits; how far the clock was moved.
    func waiting<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (Value, Duration) {
        let start = clock.elapsed
        let value = try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask { [clock] in
                while !Task.isCancelled {
                    if !clock.advanceToNextDeadline() { await Task.yield() }
                }
                return nil
            }
            var value: Value?
            while value == nil { value = try await group.next() ?? nil }
            group.cancelAll()
            return try #require(value)
        }
        return (value, clock.elapsed - start)
    }
}

extension FakeTransport.Answer {
    static func json(_ text: String) -> FakeTransport.Answer { .init(200, [.contentType: "application/json"], text) }
}

/// The error that `body` throws.
func failure(_ body: () async throws -> Void) async -> IdentityError? {
    do {
        try await body()
        return nil
    } catch { return error as? IdentityError }
}

/// Counts.
final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
    var value: Int { count.withLock { $0 } }
}
