/// The header of one entry of a tar archive (POSIX.1-2017, pax): the same for the same path and size, wherever and
/// whenever it is made.
///
/// Owner 0, time 0, mode 0644 or 0755. What does not fit the fields of `ustar` (paths of more than 100 bytes or beyond
/// ASCII, files of 8 GiB and more) stands in a pax record before it.
struct TarHeader: Sendable {
    /// What an entry is.
    enum Kind: Sendable, Hashable {
        case folder
        case file(size: Int64)
    }

    static let blockSize = 512
    /// What ends an archive: two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * blockSize)
    /// The first size that eleven octal digits do not hold.
    private static let largeSize: Int64 = 1 << 33

    /// The bytes: one block, or three with a pax record that is longer than one.
    let bytes: [UInt8]

    /// - Parameter path: relative; a folder's ends at a slash.
    init(path: String, _ kind: Kind) {
        var size: Int64 = 0
        if case .file(let count) = kind { size = count }
        let name = Array(path.utf8)
        var records: [UInt8] = []
        let isLong = name.count > 100 || name.contains { $0 >= 0x80 }
        if isLong { records += Self.record("path", name) }
        if size >= Self.largeSize { records += Self.record("size", Array(String(size).utf8)) }
        var bytes: [UInt8] = []
        if !records.isEmpty {
            // Readers without pax see these names; they only need to be unsurprising.
            bytes += Self.block(Array("PaxHeaders.0/entry".utf8), size: Int64(records.count), type: "x", mode: 0o644)
            bytes += records
            bytes += [UInt8](repeating: 0, count: Self.padding(after: Int64(records.count)))
        }
        let short = isLong ? Array(name.map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }.prefix(100)) : name
        let type: Character = kind == .folder ? "5" : "0"
        bytes += Self.block(
            short,
            size: size >= Self.largeSize ? 0 : size,
            type: type,
            mode: kind == .folder ? 0o755 : 0o644
        )
        self.bytes = bytes
    }

    /// The zeros after a content of `size` bytes, up to the next block.
    static func padding(after size: Int64) -> Int {
        Int((Int64(blockSize) - size % Int64(blockSize)) % Int64(blockSize))
    }

    private static func block(_ name: [UInt8], size: Int64, type: Character, mode: Int64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: [UInt8], at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int64, digits: Int) -> [UInt8] {
            let text = String(number, radix: 8)
            return Array((String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text).utf8)
        }
        put(name, at: 0)
        put(octal(mode, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put(Array(repeating: UInt8(ascii: " "), count: 8), at: 148)
        put(Array(String(type).utf8), at: 156)
        put(Array("ustar\u{0}00".utf8), at: 257)
        put(octal(0, digits: 7), at: 329)
        put(octal(0, digits: 7), at: 337)
        let sum = block.reduce(into: Int64(0)) { $0 += Int64($1) }
        put(octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
        return block
    }

    /// `LENGTH key=value\n`, where the length counts itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count
        while length != rest.count + String(length).utf8.count { length = rest.count + String(length).utf8.count }
        return Array(String(length).utf8) + rest
    }
}
