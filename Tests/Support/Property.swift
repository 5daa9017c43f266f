// With the runner comes the generator: whoever imports one has the other.
@_exported public import SeededRandom
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
        let generated = generate(&generator)
        guard let first = await fails(generated) else { continue }
        let (operations, reason) = await shortest(generated, reason: first, fails: fails)
        let listing = operations.enumerated().map { "  \($0.offset): \($0.element)" }.joined(separator: "\n")
        Issue.record(
            "seed \(firstSeed + offset): \(reason)\nshortest failing history:\n\(listing)",
            sourceLocation: sourceLocation
        )
        return
    }
}
