import Metrics
import Synchronization

/// Remembers what was measured, by label and dimensions.
final class TestMetrics: MetricsFactory, Sendable {
    final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
        private let values = Mutex<(sum: Double, samples: [Double])>((0, []))
        var sum: Double { values.withLock { $0.sum } }
        var samples: [Double] { values.withLock { $0.samples } }

        func increment(by amount: Int64) { values.withLock { $0.sum += Double(amount) } }
        func reset() { values.withLock { $0.sum = 0 } }
        func set(_ value: Int64) { values.withLock { $0.sum = Double(value) } }
        func set(_ value: Double) { values.withLock { $0.sum = value } }
        func increment(by amount: Double) { values.withLock { $0.sum += amount } }
        func decrement(by amount: Double) { values.withLock { $0.sum -= amount } }
        func record(_ value: Int64) { values.withLock { $0.samples.append(Double(value)) } }
        func record(_ value: Double) { values.withLock { $0.samples.append(value) } }
        func recordNanoseconds(_ duration: Int64) { values.withLock { $0.samples.append(Double(duration) / 1e9) } }
    }

    private let handlers = Mutex<[String: Handler]>([:])

    var names: Set<String> { Set(handlers.withLock { $0.keys }) }

    /// The figure called `label`, with dimensions as `a=b,c=d`.
    subscript(label: String) -> Handler? { handlers.withLock { $0[label] } }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        let name = ([label] + dimensions.map { "\($0.0)=\($0.1)" }).joined(separator: ",")
        return handlers.withLock { handlers in
            let handler = handlers[name] ?? Handler()
            handlers[name] = handler
            return handler
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { handler(label, dimensions) }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { handler(label, dimensions) }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        handler(label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { handler(label, dimensions) }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
