import ArgumentParser
import ModelAppController

/// What scans may ask of registries and stores.
struct BudgetOptions: ParsableArguments {
    @Option(help: "How many requests a second scans send to one registry or store in the long run.")
    var upstreamQps = ScanLimits().requestsPerSecond

    @Option(help: "How many requests scans send to one registry or store at once after a rest.")
    var upstreamBurst = ScanLimits().burst

    @Option(help: "How many scans are under way at the same time, of all hosts.")
    var scanSlots = ScanLimits().slots

    func validate() throws {
        let options = [
            ("--upstream-qps", upstreamQps, 10_000), ("--upstream-burst", upstreamBurst, 100_000),
            ("--scan-slots", scanSlots, 1024),
        ]
        for (option, value, most) in options where !(1...most).contains(value) {
            throw ValidationError("\(option) must lie between 1 and \(most), not \(value)")
        }
    }

    /// The limits.
    var limits: ScanLimits {
        ScanLimits(requestsPerSecond: upstreamQps, burst: upstreamBurst, slots: scanSlots)
    }
}
