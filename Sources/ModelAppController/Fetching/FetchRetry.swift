import HTTPTransport

/// How often the fetcher tries again, and how long it waits.
///
/// A read that brought bytes starts the count anew: a large file on a bad line may need many reads, and each one brings
/// it further. Without progress it gives up after two minutes or so, and whoever started it starts it again.
struct FetchRetry: Sendable {
    let time: TimeSource
    let random: @Sendable () -> Double
    let report: @Sendable (FetchReport) -> Void

    /// Failures in a row before it gives up.
    static let attempts = 8
    private static let base = Duration.seconds(1)
    private static let cap = Duration.seconds(30)

    /// Runs `body` until it succeeds, fails for good, or has failed too often in a row.
    /// - Parameter hasAdvanced: whether bytes arrived since it was asked last.
    func run<Value: Sendable>(
        hasAdvanced: () -> Bool = { false },
        _ body: () async throws(ModelFetcher.Failure) -> Value
    ) async throws(ModelFetcher.Failure) -> Value {
        var failures = 0
        while true {
            do throws(ModelFetcher.Failure) {
                return try await body()
            } catch {
                guard error.isTransient else { throw error }
                failures = hasAdvanced() ? 1 : failures + 1
                guard failures < Self.attempts else {
                    throw ModelFetcher.Failure(error.reason, "gave up after \(failures) attempts: \(error.message)")
                }
                let wait = delay(after: failures, asked: error.retryAfter)
                report(.line("\(error); trying again in \(Self.seconds(wait))"))
                do { try await time.sleep(for: wait) } catch {
                    throw ModelFetcher.Failure("Cancelled", ModelFetcher.Failure.interrupted)
                }
            }
        }
    }

    /// Doubled for each failure in a row and stretched by jitter, or what the store asked for; 30 s at most.
    private func delay(after failures: Int, asked: Duration?) -> Duration {
        if let asked { return min(asked, Self.cap) }
        let doubled = Self.base * (1 << min(failures - 1, 5))
        return min(doubled * (1 + min(max(random(), 0), 1) / 2), Self.cap)
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = (duration.components.seconds * 10) + duration.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
