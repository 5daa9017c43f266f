#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import Artifacts

extension TimeSource {
    /// The machine's own clocks.
    public static var system: TimeSource {
        TimeSource(clock: ContinuousClock()) {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
        }
    }
}
