import Glibc
import ReleaseHistories
import ReleasePlanning

/// Random histories of releases, for `make test-long`, and all short ones of a small model.
@main
struct HistoriesProgram {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("all", 2):
            guard let depth = Int(arguments[1]) else { return usage() }
            try all(depth: depth)
        case (let count?, 1...2):
            guard let count = Int(count), let seed = UInt64(arguments.count == 2 ? arguments[1] : "1") else {
                return usage()
            }
            try await random(count, seed: seed)
        default: usage()
        }
    }

    private static func usage() {
        print("Histories COUNT [SEED]\nHistories all DEPTH")
        exit(64)
    }

    private static func all(depth: Int) throws {
        let (result, time) = try measured { try ExhaustiveSearch().run(depth: depth) }
        if let failure = result.failure {
            print("\(failure.reason)\nshortest failing history:")
            for event in failure.events { print("  \(event)") }
            exit(1)
        }
        print("all \(result.histories) histories of \(result.depth) events hold: \(result.states) states, \(time)")
    }

    private static func random(_ count: Int, seed: UInt64) async throws {
        let start = ContinuousClock.now
        let workers = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        let result = try await HistorySearch().random(count, seed: seed, workers: workers)
        if let finding = result.finding {
            print(finding)
            exit(1)
        }
        // So many that each row of the table has come about, unless it describes what does not exist.
        let missing = ReleaseLifecycle.transitions.filter { !result.transitions.contains($0) }
        if count >= 100_000, !missing.isEmpty {
            for row in missing { print("never came about: \(row.from) to \(row.to): \(row.event)") }
            exit(1)
        }
        let time = ContinuousClock.now - start
        print("\(result.histories) histories of \(result.events) events hold (seeds from \(seed)), \(time)")
    }

    private static func measured<Value>(_ body: () throws -> Value) rethrows -> (Value, Duration) {
        let start = ContinuousClock.now
        return (try body(), ContinuousClock.now - start)
    }
}
