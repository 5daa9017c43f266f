package import Metrics
import Synchronization

/// Remembers what was measured, by label and dimensions.
package final class TestMetrics: MetricsFactory, Sendable {
    /// One figure.
    package final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
        private let values = Mutex<(sum: Double, samples: [Double])>((0, []))
        /// What was counted, or set last.
        package var sum: Double { values.withLock { $0.sum } }
        /// What was recorded, in order; times in seconds.
        package var samples: [Double] { values.withLock { $0.samples } }

        package func increment(by amount: Int64) { values.withLock { $0.sum += Double(amount) } }
        package func reset() { values.withLock { $0.sum = 0 } }
        package func set(_ value: Int64) { values.withLock { $0.sum = Double(value) } }
        package func set(_ value: Double) { values.withLock { $0.sum = value } }
        package func increment(by amount: Double) { values.withLock { $0.sum += amount } }
        package func decrement(by amount: Double) { values.withLock { $0.sum -= amount } }
        package func record(_ value: Int64) { values.withLock { $0.samples.append(Double(value)) } }
        package func record(_ value: Double) { values.withLock { $0.samples.append(value) } }
        package func recordNanoseconds(_ duration: Int64) {
            values.withLock { $0.samples.append(Double(duration) / 1e9) }
        }
    }

    private let handlers = Mutex<[String: Handler]>([:])

    /// Nothing measured yet.
    package init() {}

    /// The figures that were made.
    package var names: Set<String> { Set(handlers.withLock { $0.keys }) }

    /// The figure called `label`, with dimensions as `a=b,c=d`.
    package subscript(label: String) -> Handler? { handlers.withLock { $0[label] } }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        let name = ([label] + dimensions.map { "\($0.0)=\($0.1)" }).joined(separator: ",")
        return handlers.withLock { handlers in
            let handler = handlers[name] ?? Handler()
            handlers[name] = handler
            return handler
        }
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions)
    }
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label, dimensions)
    }
    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        handler(label, dimensions)
    }
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions)
    }
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
