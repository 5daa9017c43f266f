import HTTPTransport
import Synchronization

/// Leaves a host in trouble alone, whoever asks it for whatever.
///
/// A host that cannot be reached holds back all scans of it; one that asks for fewer requests those with the same
/// credential. Any other failure is a matter of one repository or container and of nobody else. The pause doubles from
/// a second to five minutes with a jitter of a tenth, or is as long as the host asks; then one scan tries, and the others
/// follow if it got an answer. Scans that are let through begin within the budget.
final class HostBackoff: Sendable {
    private struct Trouble {
        var failures = 0
        var notBefore: ContinuousClock.Instant
        var isProbed = false
        var reason: String
    }

    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let gate: ScanGate?
    private let troubles = Mutex<[String: Trouble]>([:])

    init(time: TimeSource, gate: ScanGate? = nil, random: @escaping @Sendable () -> Double = { 0 }) {
        self.time = time
        self.gate = gate
        self.random = random
    }

    /// Performs `scan` unless the host is being left alone: then throws a deferred failure without asking.
    func perform<Value: Sendable>(
        _ host: String,
        credential: String,
        _ scan: () async throws(ScanFailure) -> Value
    ) async throws(ScanFailure) -> Value {
        let keys = [host, "\(host) \(credential)"]
        // A host that is left alone costs no turn.
        if let pause = pause(keys) { throw deferred(host, pause) }
        guard let gate else { return try await ask(host, keys, scan) }
        return try await gate.pass(host) { () async throws(ScanFailure) in try await ask(host, keys, scan) }
    }

    private func ask<Value: Sendable>(
        _ host: String,
        _ keys: [String],
        _ scan: () async throws(ScanFailure) -> Value
    ) async throws(ScanFailure) -> Value {
        if let pause = admit(keys) { throw deferred(host, pause) }
        do throws(ScanFailure) {
            let value = try await scan()
            finish(keys, nil)
            return value
        } catch {
            finish(keys, error)
            throw error
        }
    }

    private func deferred(_ host: String, _ pause: (wait: Duration, reason: String)) -> ScanFailure {
        ScanFailure(
            reason: pause.reason,
            message: "\(host) could not be reached or asks for fewer requests; every scan of it waits a while",
            aspect: .endpoint,
            retryAfter: pause.wait,
            isDeferred: true
        )
    }

    /// How long the host is still left alone, and why; nil where it may be asked.
    private func pause(_ keys: [String]) -> (wait: Duration, reason: String)? {
        troubles.withLock { pause(keys, $0) }
    }

    private func pause(_ keys: [String], _ troubles: [String: Trouble]) -> (wait: Duration, reason: String)? {
        let now = time.now
        for key in keys {
            guard let trouble = troubles[key] else { continue }
            if now < trouble.notBefore { return (trouble.notBefore - now, trouble.reason) }
            if trouble.isProbed { return (.seconds(1), trouble.reason) }
        }
        return nil
    }

    private func admit(_ keys: [String]) -> (wait: Duration, reason: String)? {
        troubles.withLock { troubles in
            if let pause = pause(keys, troubles) { return pause }
            for key in keys { troubles[key]?.isProbed = true }
            return nil
        }
    }

    private func finish(_ keys: [String], _ failure: ScanFailure?) {
        troubles.withLock { troubles in
            if failure?.isCancelled == true {
                for key in keys { troubles[key]?.isProbed = false }
                return
            }
            let troubled = failure?.reach == .host ? keys[0] : failure?.reach == .credential ? keys[1] : nil
            // Whoever gets an answer has reached the host.
            for key in keys where key != troubled { troubles[key] = nil }
            guard let troubled, let failure else { return }
            let now = time.now
            var trouble = troubles[troubled] ?? Trouble(notBefore: now, reason: failure.reason)
            trouble.isProbed = false
            // Scans that were under way together fail together: they count once.
            if now >= trouble.notBefore {
                trouble.failures = min(trouble.failures + 1, 16)
                let pause = Duration.seconds(min(1 << (trouble.failures - 1), 300)) * (1 + 0.1 * random())
                trouble.notBefore = now + max(failure.retryAfter ?? .zero, pause)
                trouble.reason = failure.reason
            }
            troubles[troubled] = trouble
        }
    }
}
