extension TimeZoneRules {
    /// Reads the bytes of a TZif file (RFC 8536), versions 1 to 4. Leap seconds are ignored, as POSIX time has none.
    public init(tzif bytes: [UInt8]) throws(ScheduleError) {
        var reader = TZifReader(bytes)
        var header = try reader.header()
        var block = try reader.block(header, timeSize: header.version == 0 ? 4 : 8, skipping: header.version > 0)
        var afterwards: RecurringTimeZone?
        if header.version > 0 {
            header = try reader.header()
            block = try reader.block(header, timeSize: 8, skipping: false)
            let footer = try reader.footer()
            afterwards = footer.isEmpty ? nil : try RecurringTimeZone(footer)
        }
        self.init(initialOffset: block.initialOffset, transitions: block.transitions, afterwards: afterwards)
    }
}

/// The parts of a TZif file, in their order.
private struct TZifReader {
    struct Header {
        var version: Int
        var counts: [Int]
    }

    struct Block {
        var initialOffset: Int64
        var transitions: [TimeZoneRules.Transition]
    }

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static let truncated = ScheduleError(.timeZone, "the time zone file ends too early")

    mutating func header() throws(ScheduleError) -> Header {
        guard bytes.count >= index + 44 else { throw Self.truncated }
        guard Array(bytes[index..<index + 4]) == Array("TZif".utf8) else {
            throw ScheduleError(.timeZone, "the time zone file does not begin with TZif")
        }
        let version = bytes[index + 4]
        index += 20
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(try integer(4))) }
        // More than any zone has; a file of 64 KB could not hold it.
        guard counts.allSatisfy({ (0...100_000).contains($0) }) else { throw Self.truncated }
        return Header(version: version == 0 ? 0 : Int(version) - 48, counts: counts)
    }

    mutating func block(_ header: Header, timeSize: Int, skipping: Bool) throws(ScheduleError) -> Block {
        let (utcFlags, standardFlags, leaps) = (header.counts[0], header.counts[1], header.counts[2])
        let (times, types, characters) = (header.counts[3], header.counts[4], header.counts[5])
        // A file of a later version begins with a block of 32-bit times for old readers.
        let size = skipping ? 4 : timeSize
        if skipping {
            try skip(times * 5 + types * 6 + characters + leaps * 8 + standardFlags + utcFlags)
            return Block(initialOffset: 0, transitions: [])
        }
        guard types > 0 else { throw ScheduleError(.timeZone, "the time zone file has no types") }
        var instants: [Int64] = []
        for _ in 0..<times { instants.append(try integer(size)) }
        var indexes: [Int] = []
        for _ in 0..<times { indexes.append(Int(try integer(1)) & 0xFF) }
        var offsets: [Int64] = []
        for _ in 0..<types {
            offsets.append(try integer(4))
            try skip(2)
        }
        try skip(characters + leaps * (size + 4) + standardFlags + utcFlags)
        guard indexes.allSatisfy(offsets.indices.contains), offsets.allSatisfy({ abs($0) <= 93_600 }),
            zip(instants, instants.dropFirst()).allSatisfy(<)
        else { throw ScheduleError(.timeZone, "the time zone file contradicts itself") }
        let transitions = zip(instants, indexes).map { TimeZoneRules.Transition(at: $0, offset: offsets[$1]) }
        return Block(initialOffset: offsets[0], transitions: transitions)
    }

    mutating func footer() throws(ScheduleError) -> String {
        guard index < bytes.count, bytes[index] == 10, let end = bytes[(index + 1)...].firstIndex(of: 10) else {
            throw Self.truncated
        }
        return String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
    }

    /// A signed number of `size` bytes, the highest first.
    private mutating func integer(_ size: Int) throws(ScheduleError) -> Int64 {
        guard bytes.count >= index + size else { throw Self.truncated }
        var value: Int64 = size == 8 || bytes[index] < 128 ? 0 : -1
        for byte in bytes[index..<index + size] { value = value << 8 | Int64(byte) }
        index += size
        return value
    }

    private mutating func skip(_ count: Int) throws(ScheduleError) {
        guard bytes.count >= index + count else { throw Self.truncated }
        index += count
    }
}
