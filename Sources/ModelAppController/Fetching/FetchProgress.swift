import HTTPTransport
import Synchronization

/// What a fetcher says while it works.
public enum FetchReport: Sendable, Hashable {
    /// Something happened, once.
    case line(String)
    /// How far it is. The next one replaces it, where the reader can be written over.
    case progress(String)
}

/// How far a fetch is, and when to say so. Pure: told the time, it returns what to say.
struct FetchProgress: Sendable {
    private let version: String
    private let files: Int
    private let bytes: Int64
    private let interval: Duration
    private let act: String
    private let hasBar: Bool
    private let start: ContinuousClock.Instant
    private var lastReport: ContinuousClock.Instant
    /// Bytes that are on the disk.
    private(set) var done: Int64 = 0
    /// Bytes that this process read, which the speed is made of.
    private var read: Int64 = 0

    /// - Parameters:
    ///   - act: what is done with the model: `fetching`, `packaging`.
    ///   - hasBar: whether a bar is drawn, for a terminal.
    init(
        version: String,
        files: Int,
        bytes: Int64,
        interval: Duration,
        act: String = "fetching",
        hasBar: Bool = false,
        at now: ContinuousClock.Instant
    ) {
        self.act = act
        self.hasBar = hasBar
        self.version = version
        self.files = files
        self.bytes = bytes
        self.interval = interval
        start = now
        lastReport = now
    }

    /// The first line.
    var opening: String { "\(act) \(version): \(files) \(files == 1 ? "file" : "files"), \(ByteCount(bytes))" }

    /// Counts bytes that an earlier attempt left.
    mutating func found(_ count: Int64) { done += count }

    /// Takes bytes back that turned out to be wrong.
    mutating func discarded(_ count: Int64) { done -= count }

    /// Counts bytes that arrived; returns what to say, at most once each interval.
    mutating func arrived(_ count: Int, at now: ContinuousClock.Instant) -> String? {
        done += Int64(count)
        read += Int64(count)
        guard now - lastReport >= interval else { return nil }
        lastReport = now
        return text(at: now)
    }

    /// `41: 120.0 MiB of 230.4 MiB (52 %), 40.0 MiB/s, 3 s left`.
    func text(at now: ContinuousClock.Instant) -> String {
        let share = bytes > 0 ? Int(Double(done) / Double(bytes) * 100) : 100
        let bar = hasBar ? Self.bar(share) + " " : ""
        var text = "\(version): \(bar)\(ByteCount(done)) of \(ByteCount(bytes)) (\(share) %)"
        let elapsed = (now - start) / .seconds(1)
        guard elapsed > 0, read > 0 else { return text }
        let speed = Double(read) / elapsed
        text += ", \(ByteCount(Int64(speed)))/s"
        if done < bytes, speed >= 1 { text += ", \(Self.duration(Double(bytes - done) / speed)) left" }
        return text
    }

    /// `[#####---------------]`.
    private static func bar(_ share: Int) -> String {
        let filled = min(max(share / 5, 0), 20)
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled) + "]"
    }

    private static func duration(_ seconds: Double) -> String {
        guard seconds < 360_000 else { return "days" }
        let whole = Int64(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}

/// The progress that several transfers share.
final class ProgressMeter: Sendable {
    private let state: Mutex<FetchProgress>
    private let time: TimeSource
    private let report: @Sendable (FetchReport) -> Void

    init(_ progress: FetchProgress, time: TimeSource, report: @escaping @Sendable (FetchReport) -> Void) {
        state = Mutex(progress)
        self.time = time
        self.report = report
        report(.line(progress.opening))
    }

    /// Bytes were there from an earlier attempt.
    func found(_ count: Int64) { state.withLock { $0.found(count) } }

    /// Bytes were wrong.
    func discarded(_ count: Int64) { state.withLock { $0.discarded(count) } }

    /// Bytes arrived.
    func arrived(_ count: Int) {
        let now = time.now
        if let text = state.withLock({ $0.arrived(count, at: now) }) { report(.progress(text)) }
    }

    /// Says the last word, whenever the one before was.
    func finish() { report(.progress(state.withLock { $0.text(at: time.now) })) }
}

/// A number of bytes as people read it: `230.4 MiB`.
struct ByteCount: Sendable, CustomStringConvertible {
    let description: String

    init(_ bytes: Int64) {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard bytes >= 1024 else {
            description = "\(bytes) B"
            return
        }
        var size = Double(bytes) / 1024
        var unit = 0
        // 1023.95 would be printed as 1024.0.
        while size >= 1023.95, unit + 1 < units.count {
            size /= 1024
            unit += 1
        }
        let tenths = Int64((size * 10).rounded())
        description = "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
