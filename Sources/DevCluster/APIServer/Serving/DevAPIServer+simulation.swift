import Artifacts
import HTTPTransport

/// The controllers and the node that a cluster needs for anything to happen.
extension DevAPIServer {
    /// Lets every controller look once. Returns whether anything changed.
    @discardableResult
    public func step(_ options: SimulationOptions = SimulationOptions()) -> Bool {
        mutate { state, now in Simulation.step(&state, options, now: now) }
    }

    /// Lets the controllers work until nothing changes any more at the present time; a Pod that still needs time to
    /// start or to end is left as it is. Returns false where they did not come to rest within `passes`.
    @discardableResult
    public func settle(_ options: SimulationOptions = SimulationOptions(), passes: Int = 1000) -> Bool {
        for _ in 0..<passes where !step(options) { return true }
        return false
    }

    /// Runs the controllers until the task is cancelled: after every change, and while Pods start or end four times a
    /// second.
    ///
    /// A pass looks at everything, and nobody else is served meanwhile. So it is followed by a rest of the same length: in
    /// a cluster of thousands of objects one pass then answers many changes, instead of one change each.
    public func runControllers(_ options: SimulationOptions = SimulationOptions()) async throws {
        while !Task.isCancelled {
            let seen = changes.count
            let start = time.now
            let hasChanged = step(options)
            try await time.sleep(for: time.now - start)
            if hasChanged { continue }
            let isWaiting = read { Simulation.isWaiting($0) }
            let pause: Duration = isWaiting ? .milliseconds(250) : .seconds(5)
            try await waitForChange(after: seen, orUntil: time.now.advanced(by: pause))
        }
    }
}
