import Synchronization
import TestSupport

/// Numbers in 0..<1 from a seed, for what takes a closure.
func seededUnits(_ seed: UInt64) -> @Sendable () -> Double {
    let generator = Shared(SplitMix64(seed: seed))
    return { generator.withValue { Double.random(in: 0..<1, using: &$0) } }
}

/// A value that several tasks of a test share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func withValue<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { state.withLock { body(&$0) } }
}

/// Runs other tasks until `condition` holds; false if it never does. No clock: only the scheduler's turns are counted.
func eventually(_ turns: Int = 200_000, _ condition: () -> Bool) async -> Bool {
    for _ in 0..<turns {
        if condition() { return true }
        await Task.yield()
    }
    return condition()
}
