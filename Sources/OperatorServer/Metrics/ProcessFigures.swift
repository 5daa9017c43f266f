import Glibc

/// What Linux tells about this process (proc(5)).
public struct ProcessFigures: Sendable {
    /// Reads a file of /proc whole; nil where it cannot be read.
    private let read: @Sendable (String) -> String?
    private let ticksPerSecond: Double
    private let pageSize: Double
    private let openFiles: @Sendable () -> Double?

    /// The figures of this process.
    public init() {
        self.init(
            ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageSize: Double(sysconf(Int32(_SC_PAGESIZE))),
            read: ProcessFigures.contents,
            openFiles: ProcessFigures.countOpenFiles
        )
    }

    init(
        ticksPerSecond: Double,
        pageSize: Double,
        read: @escaping @Sendable (String) -> String?,
        openFiles: @escaping @Sendable () -> Double?
    ) {
        self.ticksPerSecond = ticksPerSecond
        self.pageSize = pageSize
        self.read = read
        self.openFiles = openFiles
    }

    /// Shows all figures in `registry`.
    public func show(in registry: MetricsRegistry) {
        registry.show("process_cpu_seconds_total") { cpuSeconds }
        registry.show("process_start_time_seconds") { startSeconds }
        registry.show("process_resident_memory_bytes") { stat(21).map { $0 * pageSize } }
        registry.show("process_virtual_memory_bytes") { stat(20) }
        registry.show("process_open_fds") { openFiles() }
        registry.show("process_max_fds") { fileLimit }
    }

    var cpuSeconds: Double? {
        guard let user = stat(11), let system = stat(12) else { return nil }
        return (user + system) / ticksPerSecond
    }

    var startSeconds: Double? {
        guard let ticks = stat(19),
            let line = read("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = line.split(separator: " ").last.flatMap({ Double($0) })
        else { return nil }
        return boot + ticks / ticksPerSecond
    }

    var fileLimit: Double? {
        let line = read("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.dropFirst("Max open files".count).split(separator: " ").first.flatMap { Double($0) }
    }

    /// A field of /proc/self/stat after the name in parentheses, which may itself hold spaces and parentheses; the
    /// state is field 0.
    func stat(_ index: Int) -> Double? {
        guard let text = read("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
        return fields.indices.contains(index) ? Double(fields[index]) : nil
    }

    private static func contents(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // /proc/stat grows with the processors; what counts of it stands within a megabyte.
        while bytes.count < 1 << 20 {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func countOpenFiles() -> Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not `.`, not `..`, not the folder itself.
        return Double(max(count - 3, 0))
    }
}
