extension Duration {
    /// The duration moved by up to `share` to either side, so that what started together does not stay together
    /// (flux `runtime/jitter/interval.go`: ±5 %).
    /// - Parameters:
    ///   - share: 0 leaves the duration as it is; limited to 0...1.
    ///   - unit: a random number in 0..<1.
    public func jittered(by share: Double = 0.05, unit: Double) -> Duration {
        let share = min(max(share, 0), 1)
        let unit = min(max(unit, 0), 1)
        return self * (1 + share * (2 * unit - 1))
    }

    /// The duration made longer by up to `share` (apimachinery `wait.Jitter`).
    func stretched(by share: Double, unit: Double) -> Duration {
        self * (1 + share * min(max(unit, 0), 1))
    }
}
