public import Testing

/// Runs a property on seeded random operation lists, and shrinks a failing list by deletion before reporting it.
/// - Parameters:
///   - cases: how many lists; the seeds are `firstSeed`, `firstSeed + 1`, ...
///   - generate: makes a list from the generator.
///   - fails: runs the list from a fresh start; a text says what went wrong, nil that the property holds.
public func checkProperty<Operation: Sendable>(
    cases: Int,
    firstSeed: UInt64 = 1,
    generate: (inout SplitMix64) -> [Operation],
    fails: ([Operation]) async -> String?,
    sourceLocation: SourceLocation = #_sourceLocation
) async {
    for offset in 0..<UInt64(cases) {
        var generator = SplitMix64(seed: firstSeed + offset)
        var operations = generate(&generator)
        guard var reason = await fails(operations) else { continue }
        var chunk = max(operations.count / 2, 1)
        while true {
            var start = 0
            var shrunk = false
            while start < operations.count {
                var candidate = operations
                candidate.removeSubrange(start..<min(start + chunk, operations.count))
                if let stillFails = await fails(candidate) {
                    operations = candidate
                    reason = stillFails
                    shrunk = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1, !shrunk { break }
            chunk = max(chunk / 2, 1)
        }
        let listing = operations.enumerated().map { "  \($0.offset): \($0.element)" }.joined(separator: "\n")
        Issue.record(
            "seed \(firstSeed + offset): \(reason)\nshortest failing history:\n\(listing)",
            sourceLocation: sourceLocation
        )
        return
    }
}
